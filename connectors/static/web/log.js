// The messages on the page, each once and in sequence; unsent ones last.

const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'»،؛؟]/g;
const NEAR_END = 120; // pixels from the end within which the page follows new messages

const log = document.getElementById("log");
const scroll = document.getElementById("scroll");
const entryTemplate = document.getElementById("entry");
const words = document.getElementById("words").content;
const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });

export function word(name) {
  return words.querySelector(`[data-word="${name}"]`)?.textContent ?? "";
}

// Text with its web addresses as links.
function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = document.createElement("a");
    link.href = link.textContent = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    parts.push(text.slice(end, match.index), link);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

function make(author, text, at) {
  const entry = entryTemplate.content.firstElementChild.cloneNode(true);
  entry.classList.add(author);
  entry.querySelector(".author").textContent = word(author);
  entry.querySelector(".text").append(...linked(text));
  entry.querySelector("time").textContent = time.format(at);
  return entry;
}

function byMessageId(id) {
  return id ? log.querySelector(`[data-message-id="${CSS.escape(id)}"]`) : null;
}

function find({ conversation, sequence, message_id }) {
  const place = `[data-conversation="${CSS.escape(conversation)}"][data-sequence="${sequence}"]`;
  return byMessageId(message_id) ?? log.querySelector(place);
}

// Whether an entry stands before one with this conversation and sequence.
function isBefore(entry, { conversation, sequence }) {
  const { dataset } = entry;
  if (!dataset.sequence) return false;
  return dataset.conversation !== conversation || Number(dataset.sequence) < sequence;
}

// Gives an entry its sequence, and moves it only if it stands elsewhere: moving has it read out again.
function place(entry, { conversation, sequence }) {
  const others = [...log.children].filter((other) => other !== entry);
  const previous = others.findLast((other) => isBefore(other, { conversation, sequence })) ?? null;
  entry.dataset.conversation = conversation;
  entry.dataset.sequence = sequence;
  if (entry.parentNode === log && entry.previousElementSibling === previous) return;
  if (previous) previous.after(entry);
  else log.prepend(entry);
}

// Makes a change to the page; whoever was looking at the newest message still is.
export function following(change) {
  const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
  change();
  if (near) toEnd();
}

export function toEnd() {
  [...scroll.children].findLast((child) => !child.hidden).scrollIntoView({ block: "end" });
  scroll.scrollTop = scroll.scrollHeight;
}

// Adds a message that the server has; false when it is already there.
export function add(message) {
  const present = find(message);
  if (present) {
    settle(present, message);
    return false;
  }
  following(() => place(make(message.author, message.text, new Date(message.at)), message));
  return true;
}

export function addUnsent({ message_id, message }) {
  const entry = make("person", message, new Date());
  entry.dataset.messageId = message_id;
  entry.querySelector(".state").textContent = word("sending");
  log.append(entry);
  toEnd();
}

function settle(entry, position) {
  entry.querySelector(".state").textContent = "";
  place(entry, position);
}

export function markSent(message_id, position) {
  const entry = byMessageId(message_id);
  if (entry) settle(entry, position);
}

export function remove(message_id) {
  byMessageId(message_id)?.remove();
}

export function lastIs({ conversation, sequence }) {
  const last = log.lastElementChild;
  return last?.dataset.conversation === conversation && Number(last.dataset.sequence) === sequence;
}

// The text of the last message, if it is this author's.
export function lastWords(author) {
  const last = log.lastElementChild;
  return last?.classList.contains(author) ? last.querySelector(".text").textContent : null;
}

// Takes away what the server no longer has; what is unsent stays.
export function clear() {
  log.querySelectorAll("[data-sequence]").forEach((entry) => entry.remove());
}
