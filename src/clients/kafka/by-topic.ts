/** Requests name each topic once, with its partitions below it. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const ofTopic = topics.get(item.topic);
    if (ofTopic === undefined) topics.set(item.topic, [item]);
    else ofTopic.push(item);
  }
  return topics;
}
