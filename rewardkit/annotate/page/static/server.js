// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// What the page sends, and how nothing of it is lost.

const PAUSES = [500, 1000, 2000, 4000, 8000]; // ms between attempts; the last one repeats

/** An answer of the server that is no success. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** A random name that nobody else makes; crypto.randomUUID is absent without HTTPS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The token of the link: browsers never send what stands behind #. */
function headers() {
  const token = location.hash.slice(1);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function request(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch {
    throw new Refused(0, "unreachable", "The server can’t be reached.");
  }
  if (reply.ok) return reply;
  let problem = {};
  try {
    problem = await reply.json();
  } catch {
    // not ours: a proxy's page
  }
  throw new Refused(reply.status, problem.code ?? "failed", problem.message ?? reply.statusText);
}

export async function get(path) {
  return (await request(path)).json();
}

export async function getBytes(path) {
  return (await request(path)).arrayBuffer();
}

export async function post(path, body = {}) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  return (await request(path, options)).json();
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** Asks until there is an answer, or none is wanted; `onWait` is told of attempts that failed for now. */
export async function persist(ask, onWait, isWanted = () => true) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await ask();
      onWait(null);
      return answer;
    } catch (error) {
      if (!(error instanceof Refused) || !error.isPassing || !isWanted()) {
        onWait(null);
        throw error;
      }
      onWait(error);
      await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
    }
  }
}

/**
 * Votes that the server has not acknowledged yet, kept in the browser's storage: a closed page or a
 * server that is down loses none. Each has an id, so that sending one again does no harm.
 */
export class Outbox {
  constructor(name, onWait) {
    this.name = `rewardkit-outbox-${name}`;
    this.onWait = onWait;
    this.items = [];
    try {
      this.items = JSON.parse(localStorage.getItem(this.name) ?? "[]");
    } catch {
      // no storage, or not ours
    }
  }

  #keep() {
    try {
      localStorage.setItem(this.name, JSON.stringify(this.items));
    } catch {
      // kept in memory only
    }
  }

  /** Keeps a vote, then sends all that is kept. */
  async send(path, body) {
    this.items.push({ path, body });
    this.#keep();
    await this.flush();
  }

  /** Sends what is kept, in order. What the server refuses for good is dropped, and thrown. */
  async flush() {
    while (this.items.length) {
      const { path, body } = this.items[0];
      try {
        await persist(() => post(path, body), this.onWait);
      } catch (error) {
        this.items.shift();
        this.#keep();
        throw error;
      }
      this.items.shift();
      this.#keep();
    }
  }
}
