// A link to something folded away unfolds it: parts of the page, and the tab it lies under.
let last = null;

function unfold(again) {
  const anchor = address.anchor();
  const target = anchor && document.getElementById(anchor);
  if (!target || (anchor === last && !again)) {
    return; // another choice in the same place moves nothing
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

address.follow((again) => {
  unfold(again);
  last = address.anchor();
});
