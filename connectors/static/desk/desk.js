// The desk: what is live, the queue, and the questions asked before something is done.
import { openLog, openId, update } from "./conversation.js";
import { attach, flush } from "./composer.js";
import { showLive, showLost } from "./connection.js";

const HEARTBEAT = 15_000; // ms; the server takes 45 s without one for absence
const QUEUE_PAUSE = 700; // ms; a burst of changes refreshes the queue once
const BANNER_AFTER = 2_000; // ms; a shorter gap in the connection worries nobody

const byId = (id) => document.getElementById(id);
const signedOut = () => location.assign("/desk/login");

function connect() {
  const socket = io("/desk");
  let banner;
  const lost = () => {
    showLive(false);
    clearTimeout(banner);
    banner = setTimeout(() => showLost(true), BANNER_AFTER);
  };
  socket.on("connect", () => {
    clearTimeout(banner);
    showLost(false);
    refreshQueue();
    update().then(flush);
  });
  socket.on("disconnect", lost);
  socket.on("connect_error", (error) => (error.message === "signed_out" ? signedOut() : lost()));
  socket.on("signed_out", signedOut);
  socket.on("changed", ({ id }) => {
    refreshQueue();
    if (id === openId()) update();
  });
  const alive = () => socket.connected && socket.emit("alive");
  setInterval(alive, HEARTBEAT);
  socket.io.on("ping", alive); // browsers slow the timers of hidden pages down, not the server's pings
}

let pause;
function refreshQueue() {
  if (pause) return;
  pause = setTimeout(() => {
    pause = null;
    htmx.trigger("#refresh", "refresh");
  }, QUEUE_PAUSE);
}

function showCount() {
  const waiting = Number(byId("queue").querySelector("[data-waiting]").dataset.waiting);
  document.title = (waiting ? `(${waiting}) ` : "") + byId("queue").dataset.title;
}

function openConversation() {
  showCount();
  openLog();
  attach();
  const text = byId("text");
  if (text && matchMedia("(pointer: fine)").matches) text.focus();
  else if (openId()) byId("conversation").focus({ preventScroll: true });
}

function tell(text) {
  const problem = byId("problem");
  problem.textContent = text;
  problem.hidden = !text;
}

function ask(question, proceed) {
  const dialog = byId("confirm");
  byId("question").textContent = question;
  dialog.returnValue = "no";
  dialog.onclose = () => dialog.returnValue === "yes" && proceed();
  dialog.showModal();
}

addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question, () => event.detail.issueRequest(true));
});
addEventListener("htmx:beforeRequest", (event) => event.target.id === "refresh" || tell(""));
addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "desk") openConversation();
  else if (event.target.id === "queue") showCount();
});
addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return signedOut();
  try {
    tell(JSON.parse(event.detail.xhr.responseText).text);
  } catch {
    tell(event.detail.xhr.responseText);
  }
  refreshQueue();
  update();
});
addEventListener("htmx:sendError", () => showLost(true));
addEventListener("htmx:afterOnLoad", () => showLost(false));
addEventListener("change", (event) => event.target.matches("[data-submit]") && event.target.form.submit());

byId("logout").addEventListener("submit", (event) => {
  event.preventDefault();
  const leave = () => {
    sessionStorage.clear();
    event.target.submit();
  };
  if (byId("queue").querySelector("[data-mine]").dataset.mine === "0") leave();
  else ask(event.target.dataset.question, leave);
});

openConversation();
connect();
