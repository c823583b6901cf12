// Plots are drawn when they come into view. Their colours are the style sheet's custom properties, so they follow the
// theme; the page's policy allows no eval, so that Vega interprets its expressions.
const SIZE = "[max(width, 1), max(height, 1)]"; // a plot under a hidden tab has no width, and no bitmap of none can be made
const NARROW = 420; // px of a plot whose axis titles take two lines

function config(width) {
  const [ink, quiet, line] = ["var(--ink)", "var(--quiet)", "var(--line)"];
  const text = { labelColor: quiet, titleColor: ink, labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500 };
  const columns = Math.max(1, Math.min(4, Math.floor((width - 60) / 130)));
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    aria: false, // the plot is one image with a name; its table is what is read out
    view: { stroke: null },
    axis: { ...text, gridColor: line, domainColor: line, tickColor: line, titlePadding: 10 },
    axisX: { labelBound: 4 }, // px past the end of the axis: a label further out would be cut
    legend: { ...text, orient: "bottom", columns, symbolSize: 90, rowPadding: 6, columnPadding: 18 },
    text: { color: ink, fontSize: 12 },
  };
}

// Of a layered chart, Vega-Lite listens to clicks on the legend but leaves its parts without names and out of reach.
function openLegends(spec) {
  const clicks = (spec.signals ?? []).flatMap((signal) => signal.on ?? []).flatMap((on) => on.events ?? []);
  const name = clicks.map((event) => event.markname ?? "").find((mark) => mark.endsWith("_legend_symbols"));
  for (const legend of name ? (spec.legends ?? []) : []) {
    legend.encode ??= {};
    for (const part of ["symbols", "labels", "entries"]) {
      legend.encode[part] = { ...legend.encode[part], name: name.replace(/symbols$/, part), interactive: true };
    }
  }
}

// A name for each of the invisible points `anchors`, placed by Vega where it covers no point, no interval, no front and
// no other name; one that fits nowhere is left out (pointing at its mark, or the table, tells it).
function placeNames(spec) {
  const anchors = spec.marks.findIndex((mark) => mark.name === "anchors_marks");
  if (anchors < 0) {
    return;
  }
  const avoidMarks = ["dots_marks", "bars_marks", "front_marks"].filter((name) => spec.marks.some((mark) => mark.name === name));
  const atLineEnds = !avoidMarks.includes("bars_marks");
  const places = atLineEnds
    ? {
        anchor: ["right", "bottom-right", "top-right", "bottom-right", "top-right", "top-left", "bottom-left"],
        offset: [9, 12, 12, 26, 26, 12, 12],
      }
    : { anchor: ["right", "left", "top-right", "bottom-right", "top-left", "bottom-left"], offset: [9, 9, 9, 9, 9, 9] };
  const label = { type: "label", size: { signal: SIZE }, avoidMarks, padding: 0, ...places };
  const font = getComputedStyle(document.body).fontFamily;
  const text = (name, look) => ({
    type: "text",
    name,
    interactive: false,
    from: { data: "anchors_marks" },
    encode: { update: { text: { field: "datum.method" }, font: { value: font }, fontSize: { value: 12 }, ...look } },
    transform: [label],
  });
  const halo = { stroke: { value: "var(--sheet)" }, strokeWidth: { value: 4 }, strokeJoin: { value: "round" } };
  spec.marks.push(text("halos", halo), text("names", { fill: { value: "var(--ink)" } }));
}

// Titles of axes that a narrow plot would cut take two lines.
function wrapTitles(spec, width) {
  for (const axis of width < NARROW ? (spec.axes ?? []) : []) {
    if (typeof axis.title === "string") {
      axis.title = axis.title.split(/ (?=\()/);
    }
  }
}

const views = new Map();

async function draw(place) {
  if (place.dataset.drawn) {
    return;
  }
  place.dataset.drawn = "yes";
  const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
  const width = place.clientWidth;
  delete spec.config; // Altair's default size
  const { view } = await vegaEmbed(place, spec, {
    ast: true,
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
    config: config(width),
    patch: (compiled) => {
      openLegends(compiled);
      placeNames(compiled);
      wrapTitles(compiled, width);
      return compiled;
    },
  });
  views.set(place, view);
  place.classList.add("drawn");
  place.parentElement.querySelector(".tools").hidden = false;
}

// The plot as it is seen, as a file of its own: colours in place of the page's properties, the page's ground behind.
async function standalone(place) {
  const text = await views.get(place).toSVG();
  const probe = document.createElement("span");
  place.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const svg = text.replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name));
  const ground = `<rect width="100%" height="100%" fill="${colour("--sheet")}"/>`;
  probe.remove();
  return svg.replace(/^<svg[^>]*>/, (start) => start + ground);
}

async function picture(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.naturalWidth, 2 * image.naturalHeight]; // sharp in print
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

async function savePlot(place, kind) {
  const svg = await standalone(place);
  const blob = kind === "png" ? await picture(svg) : new Blob([svg], { type: "image/svg+xml" });
  saveFile(blob, `${place.id}.${kind}`);
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
// Those further down are drawn when there is time, so that none is blank on paper.
addEventListener("load", () => {
  const waiting = [...document.querySelectorAll(".plot")];
  const drawNext = async () => {
    const place = waiting.find((each) => !each.dataset.drawn && each.clientWidth);
    if (place) {
      seen.unobserve(place);
      await draw(place);
      (window.requestIdleCallback || setTimeout)(drawNext);
    }
  };
  (window.requestIdleCallback || setTimeout)(drawNext);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-plot]");
  const place = button && document.getElementById(button.dataset.plot);
  if (place && button.dataset.zoom) {
    zoom(place, button.dataset.zoom);
  } else if (place) {
    savePlot(place, button.dataset.save);
  }
});
