// Asks while something keeps changing: at most one question is in flight, the newest one waits,
// all between are dropped, and an answer to a question that was taken back is never heard.

/**
 * @template Q, A
 * @param {(question: Q, signal: AbortSignal) => Promise<A>} ask
 * @param {{answered: (answer: A, question: Q) => void, failed: (error: Error) => void}} listener
 * @param {number} interval the least time between two questions, in ms
 */
export function latestOnly(ask, { answered, failed }, interval) {
  let flight = null;
  let waiting = null;
  let timer = null;
  let lastAsked = -Infinity;

  function next() {
    timer = null;
    if (flight || !waiting) return;
    const due = lastAsked + interval - performance.now();
    if (due > 0) timer = setTimeout(next, due);
    else depart(waiting.question);
  }

  async function depart(question) {
    const mine = (flight = new AbortController());
    waiting = null;
    lastAsked = performance.now();
    try {
      const answer = await ask(question, mine.signal);
      if (flight === mine) answered(answer, question);
    } catch (error) {
      if (flight === mine) failed(error);
    } finally {
      if (flight === mine) flight = null;
      if (!timer) next();
    }
  }

  return {
    /** @param {Q} question */
    ask(question) {
      waiting = { question };
      if (!timer) next();
    },
    takeBack() {
      flight?.abort();
      flight = waiting = null;
    },
  };
}
