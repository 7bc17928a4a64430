import { basename } from 'node:path';
import type { LaunchSpec } from '../supervisor/socket/launch.js';

/** One thing in which a start would differ from the last one, and for which what runs would be restarted. */
export interface LaunchDifference {
  readonly part:
    | 'evpipe'
    | 'image'
    | 'program'
    | 'command'
    | 'folder'
    | 'file'
    | 'env'
    | 'option'
    | 'port'
    | 'readiness';
  /** Of the variable, the option or the file. */
  readonly name?: string;
  /** May hold secrets; absent: it is not there. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Pure. Empty exactly where the supervisor would leave alone what runs. */
export function launchDifferences(before: LaunchSpec, after: LaunchSpec): readonly LaunchDifference[] {
  const ready = ({ ready, protocol, layer, stopTimeoutMs }: LaunchSpec) => ({ ready, protocol, layer, stopTimeoutMs });
  return [
    ...programDifferences(before.program, after.program),
    ...entries('env', before.env, after.env),
    ...one('port', before.port?.preferred, after.port?.preferred),
    ...one('readiness', ready(before), ready(after)),
  ];
}

function programDifferences(before: LaunchSpec['program'], after: LaunchSpec['program']): readonly LaunchDifference[] {
  if (before.kind === 'command' && after.kind === 'command')
    return [
      ...one('command', before.command, after.command),
      ...one('folder', before.cwd, after.cwd),
      ...entries('file', before.files ?? {}, after.files ?? {}).map((found) => ({
        ...found,
        name: basename(found.name ?? ''),
      })),
    ];
  if (before.kind === 'command' || after.kind === 'command' || before.kind !== after.kind)
    return one('program', before, after);
  return [...one('program', before.module, after.module), ...entries('option', before.options, after.options)];
}

function entries(
  part: LaunchDifference['part'],
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly LaunchDifference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => one(part, before[name], after[name]).map((found) => ({ ...found, name })));
}

function one(part: LaunchDifference['part'], before: unknown, after: unknown): readonly LaunchDifference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ part, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}
