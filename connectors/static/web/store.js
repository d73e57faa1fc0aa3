// What must survive a reload, in sessionStorage only: the session's name and secret, and unsent messages.

const KEY = "chat";

export function load() {
  try {
    return { queue: [], ...JSON.parse(sessionStorage.getItem(KEY)) };
  } catch {
    return { queue: [] };
  }
}

export function save({ session_id, token, queue }) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ session_id, token, queue }));
  } catch {
    // Storage is full or forbidden: the chat goes on, without surviving a reload.
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Storage is forbidden: nothing was kept.
  }
}
