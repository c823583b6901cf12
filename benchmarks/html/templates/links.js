// A link to something folded away unfolds it: parts of the page, and the tab it lies under.
function unfold() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) {
    return;
  }
  for (let place = target; place; place = place.parentElement) {
    if (place.tagName === "DETAILS") {
      place.open = true;
    }
    if (place.hidden && place.classList.contains("panel")) {
      place.dispatchEvent(new Event("show"));
    }
  }
  target.scrollIntoView();
}

addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  if (event.target.closest("a")?.hash === location.hash) {
    unfold(); // the same link a second time changes no hash
  }
});
unfold();
