// "Exit this page", after https://design-system.service.gov.uk/components/exit-this-page/
// Loaded before everything else, so that leaving works while the rest is still on its way.

const PRESSES = 3;
const PRESS_WITHIN = 5000; // milliseconds between two presses of Shift, as GOV.UK's component

let presses = 0;
let forgetPresses;
let shiftWasUsed = false; // with another key: a capital letter, not a wish to leave

function leave() {
  const url = document.getElementById("exit").href;
  document.documentElement.className = "blank";
  document.body.replaceChildren();
  document.title = "\u00a0";
  try {
    document.dispatchEvent(new Event("leaving"));
    sessionStorage.clear();
  } finally {
    location.replace(url);
  }
}

function showPresses(count, word) {
  const exit = document.getElementById("exit");
  const said = document.getElementById("exit-said");
  presses = count;
  if (count) exit.dataset.presses = count;
  else delete exit.dataset.presses;
  said.textContent = word ? said.dataset[word] : "";
}

function pressed() {
  clearTimeout(forgetPresses);
  if (presses + 1 === PRESSES) return leave();
  showPresses(presses + 1, presses ? "one" : "two");
  forgetPresses = setTimeout(() => showPresses(0, "over"), PRESS_WITHIN);
}

document.addEventListener("keyup", (event) => {
  if (event.key === "Shift") {
    if (!shiftWasUsed) pressed();
    shiftWasUsed = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Shift") return;
  shiftWasUsed = event.shiftKey;
  clearTimeout(forgetPresses);
  if (presses) showPresses(0);
});

// Links between our pages leave no entry in the history: Back never leads to them.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link?.id === "exit") {
    event.preventDefault();
    leave();
  } else if (link?.hasAttribute("data-quiet")) {
    event.preventDefault();
    location.replace(link.href);
  }
});

// Space works on what says it is a button.
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.id === "exit") {
    event.preventDefault();
    leave();
  }
});
