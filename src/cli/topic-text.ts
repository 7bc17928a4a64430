import type { TopicReport } from '../operations/topics/describe.js';
import type { GroupReport } from '../operations/topics/groups.js';
import { listTable } from './data-table.js';

/** What was set for a topic, who reads it, and its partitions. */
export function topicText({ topic, partitions, config, groups }: TopicReport, columns?: number): string {
  const settings = Object.entries(config).map(([name, value]) => `  ${name} = ${value}\n`);
  const rows = partitions.map((one) => [one.partition, one.leader, one.isr.join(','), one.start, one.end]);
  const table = listTable(['partition', 'leader', 'in sync', 'start', 'end'], rows, columns);
  return `${topic}\n${settings.join('')}  read by ${groups.join(', ') || 'no group'}\n${table}\n`;
}

/** Where a group is in each partition, and who reads it there. */
export function groupText({ group, state, partitions }: GroupReport, columns?: number): string {
  const rows = partitions.map((one) => [
    ...[one.topic, one.partition, one.committed ?? '-', one.end, one.lag, one.reader ?? '-'],
  ]);
  return `${group}  ${state}\n${listTable(['topic', 'partition', 'committed', 'end', 'lag', 'reader'], rows, columns)}\n`;
}
