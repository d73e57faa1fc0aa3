// The phone simulator: polls the local Twilio once a second and shows one person's thread.

const POLL = 1000; // milliseconds

const [who, list, send, body, problem, other, typed, template] = [
  "who", "texts", "send", "body", "problem", "other", "typed", "text",
].map((id) => document.getElementById(id));
const seen = new Map(); // how many texts of each person have been looked at
let texts = [];

function person(input = who.querySelector("[name=number]:checked")) {
  const number = input === other ? typed.value.replaceAll(" ", "") : input.value;
  return (who.elements.whatsapp.checked ? "whatsapp:" : "") + number;
}

function detail({ at, carrier, inbound, media, status }) {
  const time = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return [time, media && "picture", carrier && "from the carrier", !inbound && !carrier && status].filter(Boolean).join(" · ");
}

// The entry of a text, made once; afterwards only its status changes.
function entry(text) {
  let found = list.querySelector(`[data-sid="${text.sid}"]`);
  if (!found) {
    found = template.content.firstElementChild.cloneNode(true);
    found.dataset.sid = text.sid;
    found.className = text.carrier ? "carrier" : text.inbound ? "mine" : "theirs";
    found.firstElementChild.textContent = text.body || "(no words)";
    list.append(found);
    list.scrollTop = list.scrollHeight;
  }
  found.lastElementChild.textContent = detail(text);
}

function show() {
  const mine = texts.filter((text) => text.person === person());
  const sids = new Set(mine.map((text) => text.sid));
  list.querySelectorAll("li").forEach((item) => sids.has(item.dataset.sid) || item.remove());
  mine.forEach(entry);
  seen.set(person(), mine.length);
  document.getElementById("channel").textContent = who.elements.whatsapp.checked ? "WhatsApp" : "Text message";
  who.querySelectorAll("[name=number]").forEach(showUnread);
}

function showUnread(input) {
  const mark = input.closest(".person").querySelector(".unread");
  const count = texts.filter((text) => text.person === person(input)).length - (seen.get(person(input)) ?? 0);
  mark.hidden = count <= 0;
  mark.textContent = count;
}

async function poll() {
  try {
    texts = await (await fetch("/dev/phone/texts")).json();
    show();
  } catch {
    report("The server does not answer. Trying again.");
  }
  setTimeout(poll, POLL);
}

function report(text) {
  problem.hidden = !text;
  problem.textContent = text;
}

async function post() {
  const written = { from: person().replace("whatsapp:", ""), whatsapp: who.elements.whatsapp.checked };
  Object.assign(written, { body: body.value, media: send.elements.media.checked });
  if (!written.body && !written.media) return;
  body.value = "";
  send.elements.media.checked = false;
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/dev/phone/texts", { method: "POST", headers, body: JSON.stringify(written) });
  report((await answer.json()).problem ?? "");
}

send.addEventListener("submit", (event) => {
  event.preventDefault();
  post().catch(() => report("The server does not answer. Try again."));
  body.focus();
});

body.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send.requestSubmit();
});

typed.addEventListener("focus", () => (other.checked = true));
who.addEventListener("input", show);
who.addEventListener("submit", (event) => event.preventDefault());
poll();
