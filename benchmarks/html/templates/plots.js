// Plots are drawn when they come into view. Their colours are the style sheet's custom properties, so they follow the
// theme; the page's policy allows no eval, so that Vega interprets its expressions.
function config() {
  const [ink, quiet, line] = ["var(--ink)", "var(--quiet)", "var(--line)"];
  const text = { labelColor: quiet, titleColor: ink, labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500 };
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    aria: false, // the plot is one image with a name; its table is what is read out
    view: { stroke: null },
    axis: { ...text, gridColor: line, domainColor: line, tickColor: line, titlePadding: 10 },
    legend: { ...text, orient: "bottom", columns: 4, symbolSize: 90, rowPadding: 6, columnPadding: 18 },
    text: { color: ink, fontSize: 12 },
  };
}

async function draw(place) {
  const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
  delete spec.config; // Altair's default size
  await vegaEmbed(place, spec, {
    ast: true,
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
    config: config(),
  });
  place.classList.add("drawn");
  place.parentElement.querySelector(".tools").hidden = false;
}

// A button zooms as a turn of the wheel at the middle of the plot does, and brings the whole back as a double click.
function zoom(place, way) {
  const frame = place.querySelector(".role-frame .background");
  if (!frame) {
    return;
  }
  const box = frame.getBoundingClientRect();
  const middle = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true };
  const event =
    way === "reset"
      ? new MouseEvent("dblclick", middle)
      : new WheelEvent("wheel", { ...middle, ctrlKey: true, deltaY: way === "in" ? -200 : 200 });
  frame.dispatchEvent(event);
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }
  },
  { rootMargin: "300px" },
);
for (const place of document.querySelectorAll(".plot")) {
  seen.observe(place);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-zoom]");
  if (button) {
    zoom(document.getElementById(button.dataset.plot), button.dataset.zoom);
  }
});
