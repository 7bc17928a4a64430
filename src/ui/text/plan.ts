import type { Change } from '../../kinds/resource.js';
import type { Plan, PlanEntry } from '../../operations/plan/plan.js';
import { type Line, line, type Span, span } from './line.js';
import { printable } from './printable.js';
import { counted } from './quantities.js';

const SIGNS: Readonly<Record<PlanEntry['action'], Span>> = {
  start: span('>', 'good'),
  create: span('+', 'good'),
  change: span('~', 'wait'),
  remove: span('-', 'bad'),
  unread: span('?', 'dim'),
};

const ACTIONS = Object.keys(SIGNS) as PlanEntry['action'][];

/** One line for each thing, then what differs; the last line counts. */
export function planLines(plan: Plan): readonly Line[] {
  const entries = [...plan.entries.flatMap(entryLines), ...plan.leftToDo.flatMap(leftLines)];
  return [...entries, ...(entries.length === 0 ? [] : [line()]), line(summaryOf(plan))];
}

export function entryLines({ action, kind, name, reason, location, changes }: PlanEntry): readonly Line[] {
  const place = location === undefined ? '' : `  ${location.file}:${location.line}`;
  const head = line(SIGNS[action], ` ${kind} ${printable(name)}  `, span(`${reason}${place}`, 'dim'));
  return [head, ...changes.flatMap(changeLines)];
}

function leftLines({ kind, name, state, summary, command }: Plan['leftToDo'][number]): readonly Line[] {
  if (state === 'done') return [];
  return [line(span('·', 'dim'), ` ${kind} ${printable(name)}  `, span(`${summary}; left to \`${command}\``, 'dim'))];
}

function changeLines({ summary, implies, irreversible, refused }: Change): readonly Line[] {
  if (summary === 'new') return [];
  const notes = [...(implies === undefined ? [] : [implies]), ...(irreversible === true ? ['irreversible'] : [])];
  const what = line(`    ${printable(summary)}`, span(notes.length === 0 ? '' : `  (${notes.join('; ')})`, 'dim'));
  if (refused === undefined) return [what];
  const place =
    refused.location === undefined
      ? ''
      : `${refused.location.file}:${refused.location.line}:${refused.location.column}: `;
  const why = `${place}${refused.why}`.split('\n').map((text) => line('      ', span(printable(text), 'bad')));
  return [what, ...why, line(`      ${printable(refused.todo)}`)];
}

function summaryOf({ entries, inSync }: Plan): string {
  const isRefused = ({ changes }: PlanEntry): boolean => changes.some(({ refused }) => refused !== undefined);
  const refused = entries.filter(isRefused).length;
  const found = ACTIONS.flatMap((action) => {
    const count = entries.filter((entry) => entry.action === action && !isRefused(entry)).length;
    return count === 0
      ? []
      : [`${count} to ${action === 'unread' ? 'compare once their servers are running' : action}`];
  });
  if (refused > 0) found.push(`${refused} refused`);
  const same = `${counted(inSync, 'thing')} as declared`;
  return found.length === 0 ? `Nothing to change: ${same}.` : `${found.join(', ')}; ${same}.`;
}
