// The chat page: what is on it, put together.

import { Conversation } from "./conversation.js";
import * as log from "./log.js";

const OFFLINE_AFTER = 1500; // milliseconds without a connection before the page says so
const TYPING_FOR = 8000; // milliseconds that "somebody is writing" stays without a message

const element = (id) => document.getElementById(id);
const [form, text, replies, typing] = ["form", "text", "replies", "typing"].map(element);
let typingOver;
let offlineSoon;

// A status is read out when its text appears.
function notice(id, said) {
  const box = element(id);
  log.following(() => {
    box.hidden = !said;
    box.textContent = said;
  });
}

function showTyping(visible) {
  clearTimeout(typingOver);
  typing.hidden = !visible;
  if (!visible) return;
  typingOver = setTimeout(() => showTyping(false), TYPING_FOR);
  log.toEnd();
}

function begun() {
  element("start").hidden = true;
}

function offer(message) {
  const buttons = (message.quick_replies ?? []).map(({ title, payload }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = title;
    button.addEventListener("click", (event) => {
      conversation.say(title, payload);
      if (event.detail === 0) text.focus(); // by keyboard: the button is gone
    });
    return button;
  });
  replies.replaceChildren(...buttons);
  replies.hidden = !buttons.length;
  if (buttons.length) log.toEnd();
}

const show = {
  queued(message) {
    begun();
    element("note").open = false;
    notice("ended", "");
    notice("refused", "");
    offer({});
    log.addUnsent(message);
  },
  received(message) {
    begun();
    if (message.author !== "person") showTyping(false);
    if (log.add(message) && log.lastIs(message)) offer(message);
  },
  sent(message, position) {
    log.markSent(message.message_id, position);
  },
  refused(message, reason) {
    log.remove(message.message_id);
    text.value = [message.message, text.value].filter(Boolean).join("\n");
    notice("refused", reason);
  },
  typing() {
    showTyping(true);
  },
  online() {
    clearTimeout(offlineSoon);
    offlineSoon = null;
    notice("offline", "");
  },
  offline() {
    offlineSoon ??= setTimeout(() => notice("offline", log.word("offline")), OFFLINE_AFTER);
  },
  cleared() {
    log.clear();
    offer({});
    showTyping(false);
  },
  // What the line said last, such as what remains on the device, stays readable.
  ended() {
    const said = log.lastWords("line") ?? log.word("ended");
    show.cleared();
    notice("ended", said);
  },
};

const socket = io({ autoConnect: false, transports: ["websocket", "polling"], tryAllTransports: true });
const conversation = new Conversation(socket, document.documentElement.lang, show);

function send() {
  const written = text.value.trim();
  if (!written) return;
  text.value = "";
  conversation.say(written);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  text.focus();
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});

document.addEventListener("leaving", () => conversation.leave());
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

conversation.start();
