import type { GroupChanges, MemberChange, PatternChange, StoredConsumerGroup } from './consumer-group-file.js';
import { assignmentOf, type ConsumerMember, metadataOf } from './consumer-member.js';
import type { Target } from './uniform-assignor.js';

/** What the patterns of a group's members match, by the pattern. */
type Matches = ReadonlyMap<string, readonly string[]>;

/** What is kept of a group of the consumer protocol, as it is now. */
interface GroupNow {
  readonly epoch: number;
  readonly members: ReadonlyMap<string, ConsumerMember>;
  readonly target: Target;
  /** Asked for only where something has to be written: most heartbeats change nothing. */
  patterns(): Matches;
}

/** What of a group is not on disk as it is now. */
export class UnsavedChanges {
  /** Ids of members: of those that came or went, or of which this changed. */
  readonly metadata = new Set<string>();
  readonly target = new Set<string>();
  readonly assignment = new Set<string>();
  private epoch = 0;
  private patterns: Matches = new Map();

  restore({ epoch, patterns }: StoredConsumerGroup): void {
    this.epoch = epoch;
    this.patterns = patterns;
  }

  /** What a pattern matched when it was stored. */
  matched(regex: string): readonly string[] | undefined {
    return this.patterns.get(regex);
  }

  /** Where `write` says that it was not possible, all stays as it was. */
  save(now: GroupNow, write: (changes: GroupChanges) => boolean): boolean {
    const { metadata, target, assignment } = this;
    const ids = new Set([...metadata, ...target, ...assignment]);
    if (ids.size === 0 && this.epoch === now.epoch) return true;
    const patterns = now.patterns();
    const changes = {
      epoch: this.epoch === now.epoch ? undefined : now.epoch,
      members: [...ids].map((id) => this.changesOf(id, now)),
      patterns: this.patternChanges(patterns),
    };
    if (!write(changes)) return false;
    for (const saved of [metadata, target, assignment]) saved.clear();
    this.epoch = now.epoch;
    this.patterns = patterns;
    return true;
  }

  private patternChanges(now: Matches): PatternChange[] {
    const gone = [...this.patterns.keys()].filter((regex) => !now.has(regex));
    const changed = [...now].filter(([regex, topics]) => topics.join() !== this.patterns.get(regex)?.join());
    return [
      ...gone.map((regex) => ({ regex, topics: null })),
      ...changed.map(([regex, topics]) => ({ regex, topics })),
    ];
  }

  private changesOf(id: string, { members, target }: GroupNow): MemberChange {
    const member = members.get(id);
    if (member === undefined) return { id, metadata: null };
    return {
      id,
      ...(this.metadata.has(id) && { metadata: metadataOf(member) }),
      ...(this.target.has(id) && { target: [...(target.get(id) ?? [])] }),
      ...(this.assignment.has(id) && { assignment: assignmentOf(member) }),
    };
  }

  /** What has records: these members, beside those that went and are not written yet, and these patterns. */
  stored(members: Iterable<string>): { readonly members: ReadonlySet<string>; readonly patterns: Iterable<string> } {
    return { members: new Set([...members, ...this.metadata]), patterns: this.patterns.keys() };
  }
}
