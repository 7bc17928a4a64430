/** A piece of work that one worker of a group does: a connector's task, or the connector itself. */
export interface Work {
  readonly connector: string;
  /** CONNECTOR_ITSELF, or the task's number. */
  readonly task: number;
}

export const CONNECTOR_ITSELF = -1;

export interface WorkingMember {
  readonly memberId: string;
  /** What it runs while it joins. */
  readonly runs: readonly Work[];
}

/**
 * What each member should run, evenly: connectors and tasks are counted apart, as in Apache's assignor. Who runs
 * something keeps it, up to its share. What moves is given to nobody yet (KIP-415): its owner sees that it has lost it,
 * stops it and joins again, and then it is free. So nothing runs twice, and nothing stops that does not move.
 */
export function assignWork(
  work: readonly Work[],
  members: readonly WorkingMember[],
): ReadonlyMap<string, readonly Work[]> {
  const assigned = new Map<string, Work[]>(members.map(({ memberId }) => [memberId, []]));
  for (const isOfKind of [isConnector, isTask]) {
    const shares = share(work.filter(isOfKind), members);
    for (const [memberId, mine] of shares) assigned.get(memberId)?.push(...mine);
  }
  return assigned;
}

const isConnector = ({ task }: Work): boolean => task === CONNECTOR_ITSELF;
const isTask = (work: Work): boolean => !isConnector(work);

function share(work: readonly Work[], members: readonly WorkingMember[]): ReadonlyMap<string, readonly Work[]> {
  const unowned = new Map(work.map((one) => [keyOf(one), one]));
  const claims = members.map(({ memberId, runs }) => ({ memberId, kept: taken(unowned, runs) }));
  // Those that run the most keep the odd ones.
  claims.sort((a, b) => b.kept.length - a.kept.length);
  const least = Math.floor(work.length / members.length);
  const odd = work.length % members.length;
  const quotas = claims.map((_claim, at) => least + (at < odd ? 1 : 0));
  claims.forEach(({ kept }, at) => void kept.splice(quotas[at] ?? 0));
  for (const one of unowned.values()) {
    const loads = claims.map(({ kept }, at) =>
      kept.length < (quotas[at] ?? 0) ? kept.length : Number.POSITIVE_INFINITY,
    );
    claims[loads.indexOf(Math.min(...loads))]?.kept.push(one);
  }
  return new Map(claims.map(({ memberId, kept }) => [memberId, kept]));
}

/** Takes what a member runs, and still exists, out of what has no owner. */
function taken(unowned: Map<string, Work>, runs: readonly Work[]): Work[] {
  return runs.flatMap((one) => {
    const key = keyOf(one);
    const found = unowned.get(key);
    unowned.delete(key);
    return found === undefined ? [] : [found];
  });
}

export const keyOf = ({ connector, task }: Work): string => `${task} ${connector}`;
