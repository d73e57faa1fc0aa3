// What the advocate writes: a draft that survives a reload, and messages that are sent once and in order.
import { showLost } from "./connection.js";
import { markNew, openId, seen, showOutgoing, update } from "./conversation.js";

const RETRY = 3_000; // ms

const box = () => document.getElementById("text");
const key = (kind, id) => `${document.body.dataset.advocate}:${kind}:${id}`;
const waiting = (id) => JSON.parse(sessionStorage.getItem(key("outgoing", id)) ?? "[]");

function keep(id, messages) {
  if (messages.length) sessionStorage.setItem(key("outgoing", id), JSON.stringify(messages));
  else sessionStorage.removeItem(key("outgoing", id));
  if (id === openId()) showOutgoing(messages.map((message) => message.text));
}

function keepDraft(id, text) {
  if (text) sessionStorage.setItem(key("draft", id), text);
  else sessionStorage.removeItem(key("draft", id));
}

/** Brings the composer of the open conversation to life. */
export function attach() {
  const form = document.getElementById("composer");
  if (!form || form.onsubmit) return;
  const id = openId();
  box().value = sessionStorage.getItem(key("draft", id)) ?? "";
  box().oninput = () => {
    keepDraft(id, box().value);
    fit();
  };
  box().onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    submit(id);
  };
  fit();
  keep(id, waiting(id));
  flush();
}

function fit() {
  const rows = box().value.split("\n").length;
  box().rows = Math.min(Math.max(rows, 2), 8);
}

function submit(id) {
  const text = box().value.trim();
  if (!text) return;
  refuse("");
  keep(id, [...waiting(id), { text, client_id: newId(), seen: seen() }]);
  box().value = "";
  keepDraft(id, "");
  fit();
  flush();
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const sending = new Set();

/** Sends what waits for the open conversation, one after the other; the same id until there is an answer. */
export async function flush() {
  const id = openId();
  if (!id || sending.has(id)) return;
  sending.add(id);
  try {
    while (waiting(id).length) await sendFirst(id);
  } catch {
    showLost(true);
    setTimeout(flush, RETRY);
  } finally {
    sending.delete(id);
  }
}

async function sendFirst(id) {
  const [message, ...rest] = waiting(id);
  const answer = await fetch(`/desk/conversations/${id}/messages`, {
    method: "POST",
    headers: { "x-csrftoken": document.body.dataset.token },
    body: new URLSearchParams(message),
  });
  if (answer.status === 401) location.assign("/desk/login");
  if (answer.status === 401 || answer.status >= 500) throw new Error("not answered");
  showLost(false);
  if (!answer.ok) return takeBack(id, answer);
  await update();
  keep(id, rest);
}

/** A refused message, and those after it, go back into the composer: nothing is lost and nothing is sent unread. */
async function takeBack(id, answer) {
  const texts = waiting(id).map((message) => message.text);
  const draft = sessionStorage.getItem(key("draft", id));
  const text = [...texts, draft].filter(Boolean).join("\n");
  keep(id, []);
  keepDraft(id, text);
  const why = await answer.json().catch(() => ({ text: answer.statusText, unseen: [] }));
  if (id === openId()) await update();
  if (id !== openId() || !box()) return;
  box().value = text;
  fit();
  refuse(why.text);
  markNew(why.unseen);
}

function refuse(text) {
  const refused = document.getElementById("refused");
  refused.textContent = text;
  refused.hidden = !text;
}

/** The conversation is gone from this desk: what was not sent stays in this window's storage until sign-out. */
export function hide() {
  const form = document.getElementById("composer");
  if (form) form.hidden = true;
}
