// A job's event stream, read with fetch (which can carry a key, as EventSource cannot) and taken
// up again where it broke off.

import { Problem, Unreachable, send } from '../api.js';

/** @typedef {{id: string, event: string, data: any}} ServerEvent */

const SILENCE = 10_000; // ms; the server says something every three seconds
const WAIT_FIRST = 500;
const WAIT_LONGEST = 5000;

/**
 * Gives every event once, in order, until the stream has ended or `signal` is aborted.
 * @param {string} path
 * @param {(event: ServerEvent) => void} onEvent
 * @param {AbortSignal} signal
 * @throws {Problem} where trying again would not help
 */
export async function follow(path, onEvent, signal) {
  let last = '';
  let wait = WAIT_FIRST;
  while (!signal.aborted) {
    try {
      for await (const event of connect(path, last, signal)) {
        if (signal.aborted) return;
        last = event.id;
        wait = WAIT_FIRST;
        onEvent(event);
        if (event.event === 'end') return;
      }
    } catch (error) {
      if (signal.aborted) return;
      const passing = error instanceof Problem && (error.status === 429 || error.status >= 500);
      if (!passing && !(error instanceof Unreachable)) throw error;
      if (passing) wait = Math.max(wait, error.retryAfter * 1000);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, WAIT_LONGEST);
  }
}

async function* connect(path, last, signal) {
  const silence = new AbortController();
  let watchdog;
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silence.abort(), SILENCE);
  };
  try {
    heard();
    const response = await send(path, {
      headers: { Accept: 'text/event-stream', ...(last && { 'Last-Event-ID': last }) },
      signal: AbortSignal.any([signal, silence.signal]),
      cache: 'no-store',
    });
    if (response.status === 204) {
      yield { id: last, event: 'end', data: null };
      return;
    }
    yield* parse(response.body, heard);
  } catch (error) {
    const broken = error.name === 'AbortError' || error.name === 'TypeError';
    throw broken ? new Unreachable() : error;
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

/**
 * The WHATWG event stream format.
 * @param {ReadableStream<Uint8Array>} stream
 * @param {() => void} heard called for whatever arrives, comments too
 * @returns {AsyncGenerator<ServerEvent>}
 */
async function* parse(stream, heard) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let id = '';
  let event = 'message';
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    // A CR at the very end may be the first half of CR LF: it waits for what follows.
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length) yield { id, event, data: JSON.parse(data.join('\n')) };
        event = 'message';
        data = [];
        continue;
      }
      const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === 'data') data.push(text);
      else if (field === 'event') event = text;
      else if (field === 'id') id = text;
    }
  }
}
