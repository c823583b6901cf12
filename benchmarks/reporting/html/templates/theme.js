// The page follows the system's colours until the reader chooses; the choice is kept where the browser allows it.
const root = document.documentElement;
const button = document.getElementById("theme");
const name = document.getElementById("theme-name");
const choices = ["system", "light", "dark"];

function remembered() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function choose(theme) {
  if (theme === "system") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  name.textContent = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // A page from a file may have no storage; the choice then lasts as long as the page.
  }
}

button.hidden = false;
button.addEventListener("click", () => {
  choose(choices[(choices.indexOf(name.textContent) + 1) % choices.length]);
});
if (choices.includes(remembered())) {
  choose(remembered());
}
