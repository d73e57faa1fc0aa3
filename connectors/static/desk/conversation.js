// The open conversation: its messages from a cursor on, and which of them were seen.
import { attach, hide } from "./composer.js";

const NEAR = 80; // px from the end that still count as reading the end

const log = () => document.getElementById("log");
const parse = (html) => new DOMParser().parseFromString(html, "text/html");

let visible = new Set();
let seenTo = 0;
let watcher;

export const openId = () => Number(log()?.dataset.id ?? 0);

/** The last sequence that stood before the advocate's eyes. */
export const seen = () => seenTo;

export function openLog() {
  const at = log();
  watcher?.disconnect();
  visible = new Set();
  if (!at) return;
  seenTo = Number(at.dataset.cursor); // the page has just shown it all, in card and transcript
  watcher = new IntersectionObserver(noteVisible, { root: at });
  localTimes(at);
  at.scrollTop = at.dataset.mine === "true" ? at.scrollHeight : 0;
  const below = document.getElementById("below");
  below.onclick = () => at.scrollTo({ top: at.scrollHeight });
  at.onscroll = () => isNear(at) && (below.hidden = true);
}

function noteVisible(changes) {
  for (const { target, isIntersecting } of changes) {
    if (isIntersecting) visible.add(Number(target.dataset.sequence));
    else visible.delete(Number(target.dataset.sequence));
  }
  countSeen();
}

function countSeen() {
  if (!document.hidden) seenTo = Math.max(seenTo, ...visible);
}
document.addEventListener("visibilitychange", countSeen);

function localTimes(within) {
  const own = document.documentElement.lang;
  const locale = navigator.languages.find((code) => code.split("-")[0] === own) ?? own;
  const format = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = (at.toDateString() === new Date().toDateString() ? format : full).format(at);
  }
}

let running = null;
let again = false;

/** Fetches what is new in the open conversation; calls that come meanwhile are answered together. */
export function update() {
  if (!log()) return Promise.resolve();
  again = true;
  running ??= fetchAll().finally(() => (running = null));
  return running;
}

async function fetchAll() {
  while (again && log()) {
    again = false;
    try {
      await fetchNew(log());
    } catch {
      return; // no connection: the next one asks from the same cursor
    }
  }
}

async function fetchNew(at) {
  const answer = await fetch(`/desk/conversations/${at.dataset.id}/messages?after=${cursor(at)}`);
  if (answer.status === 401) return location.assign("/desk/login");
  if (answer.status >= 500) throw new Error("server");
  if (!answer.ok) return showGone(at, (await answer.json()).text);
  const page = parse(await answer.text()).querySelector("ol");
  if (at !== log()) return;
  merge(at, page);
  if (page.dataset.version !== at.dataset.version) await refreshPanel(at);
}

/** What the log has, less the messages whose delivery is not settled yet. */
function cursor(at) {
  const unsettled = at.querySelector("[data-unsettled]");
  return Math.min(Number(at.dataset.cursor), unsettled ? unsettled.dataset.sequence - 1 : Infinity);
}

function merge(at, page) {
  const wasNear = isNear(at);
  localTimes(page);
  let added = 0;
  for (const bubble of [...page.children]) {
    const known = document.getElementById(bubble.id);
    if (known?.outerHTML === bubble.outerHTML) continue;
    if (known) known.replaceWith(bubble);
    else {
      document.getElementById("messages").append(bubble);
      added += 1;
    }
    watcher.observe(bubble);
  }
  at.dataset.cursor = page.dataset.last;
  if (added && wasNear) at.scrollTop = at.scrollHeight;
  if (added && !wasNear) document.getElementById("below").hidden = false;
}

function isNear(at) {
  return at.scrollHeight - at.scrollTop - at.clientHeight < NEAR;
}

async function refreshPanel(at) {
  const answer = await fetch(`/desk/conversations/${at.dataset.id}/panel`);
  if (!answer.ok || at !== log()) return;
  const page = parse(await answer.text());
  const was = document.getElementById("foot").dataset.kind;
  const parts = page.getElementById("foot").dataset.kind === was ? ["head", "card"] : ["head", "card", "foot"];
  for (const id of parts) {
    document.getElementById(id).replaceWith(page.getElementById(id));
    htmx.process(document.getElementById(id));
  }
  Object.assign(at.dataset, { version: page.getElementById("log").dataset.version, mine: page.getElementById("log").dataset.mine });
  attach();
}

/** The conversation is not this advocate's to read any more. */
function showGone(at, text) {
  hide();
  const notice = document.createElement("p");
  notice.className = "empty";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  const back = at.parentElement.querySelector(".back");
  document.getElementById("conversation").replaceChildren(notice, back);
}

/** Marks messages that were written while the advocate was writing. */
export function markNew(sequences) {
  for (const sequence of sequences) document.getElementById(`m-${sequence}`)?.classList.add("new");
}

/** Shows or hides a message that is on its way to the server. */
export function showOutgoing(texts) {
  const at = log();
  const bubbles = texts.map((text) => {
    const bubble = document.getElementById("sending").content.cloneNode(true);
    bubble.querySelector(".text").textContent = text;
    return bubble;
  });
  document.getElementById("outgoing").replaceChildren(...bubbles);
  if (texts.length) at.scrollTop = at.scrollHeight;
}
