// Whether the line can be reached, as the last answer or the lack of one showed.

/** Shows or hides the banner that says the connection is lost. */
export function showLost(lost) {
  document.getElementById("lost").hidden = !lost;
  showLive(!lost);
}

/** The sign at the top: changes arrive by themselves, or not at the moment. */
export function showLive(on) {
  const live = document.getElementById("live");
  live.classList.toggle("on", on);
  const text = on ? live.dataset.on : live.dataset.off;
  if (live.textContent !== text) live.textContent = text;
}
