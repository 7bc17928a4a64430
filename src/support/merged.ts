/** The items of several sources as they come; ends when all have ended. A source that throws ends all. */
export async function* merged<T>(sources: ReadonlyArray<AsyncIterable<T>>): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = (iterator: AsyncIterator<T>) => iterator.next().then((result) => ({ iterator, result }));
  const waiting = new Map(iterators.map((iterator) => [iterator, next(iterator)]));
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values());
      if (result.done === true) waiting.delete(iterator);
      else {
        waiting.set(iterator, next(iterator));
        yield result.value;
      }
    }
  } finally {
    for (const iterator of waiting.keys()) void iterator.return?.(); // takes effect at its next item
  }
}
