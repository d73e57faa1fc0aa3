// The conversation with the server: a cursor on what was received, a queue of what was written.
// Nothing here touches the page; `show` is told what happened.

import { forget, load, save } from "./store.js";

const ANSWER_WITHIN = 10000; // milliseconds until a request counts as lost and is made again
const TRY_AGAIN_AFTER = 2000;

export class Conversation {
  constructor(socket, language, show) {
    Object.assign(this, { socket, language, show });
    this.state = load();
    this.id = null;
    this.cursor = 0;
    this.ready = false;
    this.resuming = false;
    this.sending = false;
    socket.on("connect", () => this.resume());
    socket.on("disconnect", (reason) => this.disconnected(reason));
    socket.on("connect_error", () => this.disconnected());
    socket.on("bot_uttered", (message) => this.receive(message));
    socket.on("person_uttered", (message) => this.receive(message));
    socket.on("typing", () => show.typing());
    socket.on("session_ended", () => this.ended());
  }

  // What was written before a reload and not sent yet.
  start() {
    this.state.queue.forEach((message) => this.show.queued(message));
    this.socket.connect();
  }

  // Puts a message into the queue and returns at once.
  say(text, payload) {
    const message = { message_id: newId(), message: text };
    if (payload) message.payload = payload;
    this.state.queue.push(message);
    save(this.state);
    this.show.queued(message);
    this.flush();
  }

  // Tells the server that the person left, by whichever way gets through.
  leave() {
    this.left = true;
    if (this.state.token) navigator.sendBeacon("/chat/exit", this.state.token);
    if (this.socket.connected) this.socket.emit("exit", {});
  }

  // Only a connection that the server closed is not opened again by the library itself.
  disconnected(reason) {
    this.ready = false;
    this.show.offline();
    if (reason === "io server disconnect") setTimeout(() => this.socket.connect(), TRY_AGAIN_AFTER);
  }

  // After leaving no answer arrives, so that nothing is stored again.
  async ask(event, data) {
    const answer = await this.socket.timeout(ANSWER_WITHIN).emitWithAck(event, data);
    return this.left ? new Promise(() => {}) : answer;
  }

  // Asks for everything after the cursor; called again while it runs, it runs once more.
  async resume() {
    if (this.resuming) {
      this.again = true;
      return;
    }
    this.resuming = true;
    try {
      do {
        this.again = false;
        await this.catchUp();
      } while (this.again);
      this.ready = true;
      this.show.online();
    } catch {
      if (this.socket.connected) setTimeout(() => this.resume(), TRY_AGAIN_AFTER);
    } finally {
      this.resuming = false;
    }
    this.flush();
  }

  async catchUp() {
    const { session_id, token } = this.state;
    const after = this.cursor;
    const answer = await this.ask("session_request", { session_id, token, after, language: this.language });
    if (session_id && answer.session_id !== session_id) this.show.cleared();
    this.state.session_id = answer.session_id;
    this.state.token = answer.token;
    save(this.state);
    if (this.follow(answer.conversation) && after > 0) {
      this.again = true;
      return;
    }
    answer.messages.forEach((message) => this.show.received(message));
    this.cursor = Math.max(this.cursor, answer.cursor);
  }

  // Turns to a conversation; true when it is another one, whose messages count from the start.
  follow(id) {
    if (id === this.id) return false;
    this.id = id;
    this.cursor = 0;
    return true;
  }

  // Moves the cursor on; after a gap, asks for what is missing.
  advance({ conversation, sequence }) {
    this.follow(conversation);
    if (sequence === this.cursor + 1) this.cursor = sequence;
    else if (sequence > this.cursor) this.resume();
  }

  // Shown at once, also after a gap: what is missing is put before it.
  receive(message) {
    this.show.received(message);
    this.advance(message);
  }

  // Sends the queue in order, one message at a time, each until it is answered.
  async flush() {
    if (this.sending || !this.ready || !this.state.queue.length) return;
    this.sending = true;
    const message = this.state.queue[0];
    try {
      this.settle(message, await this.ask("user_uttered", message));
      setTimeout(() => this.flush());
    } catch {
      setTimeout(() => this.flush(), TRY_AGAIN_AFTER);
    } finally {
      this.sending = false;
    }
  }

  settle(message, answer) {
    this.state.queue = this.state.queue.filter((other) => other.message_id !== message.message_id);
    save(this.state);
    if (!answer.accepted) return this.show.refused(message, answer.text);
    this.show.sent(message, answer);
    this.advance(answer);
  }

  ended() {
    this.state = { queue: [] };
    this.follow(null);
    forget();
    this.show.ended();
    this.resume();
  }
}

// A random UUID; crypto.randomUUID exists only on https and localhost.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
