import type { RawConfig } from './option.js';

/** Debezium 1.9's names of options, where they have others today. */
export const RENAMED_OPTIONS: Readonly<Record<string, string>> = {
  'database.server.name': 'topic.prefix',
  'table.whitelist': 'table.include.list',
  'table.blacklist': 'table.exclude.list',
  'schema.whitelist': 'schema.include.list',
  'schema.blacklist': 'schema.exclude.list',
  'column.whitelist': 'column.include.list',
  'column.blacklist': 'column.exclude.list',
  'heartbeat.topics.prefix': 'topic.heartbeat.prefix',
  'snapshot.include.collection.list.regex': 'snapshot.include.collection.list',
  'toasted.value.placeholder': 'unavailable.value.placeholder',
  'truncate.handling.mode': 'skipped.operations',
};

/** The configuration under today's names, and what was different about it. */
export function moderniseOptions(config: RawConfig): {
  readonly config: RawConfig;
  readonly warnings: readonly string[];
} {
  const changed: Record<string, string> = { ...config };
  const warnings: string[] = [];
  for (const [old, name] of Object.entries(RENAMED_OPTIONS)) {
    const value = config[old];
    if (value === undefined) continue;
    warnings.push(`option ${old} is the name in an older Debezium: it is called ${name} now`);
    delete changed[old];
    if (config[name] !== undefined) continue;
    changed[name] = old === 'truncate.handling.mode' ? (value === 'include' ? 'none' : 't') : value;
  }
  if ((config['plugin.name'] ?? 'decoderbufs').trim().toLowerCase() !== 'pgoutput')
    warnings.push('plugin.name decoderbufs, the default, is not available: pgoutput is used');
  if (config['snapshot.mode'] === 'never') warnings.push('snapshot.mode never is called no_data now');
  return { config: changed, warnings };
}
