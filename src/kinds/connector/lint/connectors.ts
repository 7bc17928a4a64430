import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../../pipeline/problem.js';
import { RENAMED_OPTIONS } from '../../../protocol/connect/older-postgresql-options.js';
import { listOf, missingFenceOptions, PUBLICATION_DEFAULT, SLOT_DEFAULT } from '../connector-flow.js';
import { type ConnectorView, connectorViews, isPostgres } from './connector-views.js';

/** Names that no two connectors may share, options a fence needs, spellings that are gone, passwords in clear text. */
export function checkConnectors(context: LintContext): readonly Problem[] {
  const views = connectorViews(context);
  const sources = views.filter(isPostgres);
  return [
    ...shared(sources, 'slot.name', SLOT_DEFAULT, 'two connectors on one slot lose events silently', () => ''),
    ...shared(
      sources,
      'publication.name',
      PUBLICATION_DEFAULT,
      'each would change the tables that the other one captures',
      ({ config }) => config['database.dbname'] ?? '',
    ),
    ...shared(sources, 'topic.prefix', undefined, 'their records and heartbeats would mix', () => ''),
    ...sources.flatMap(fenceOptions),
    ...sources.flatMap(slotName),
    ...sources.flatMap(captured),
    ...views.flatMap(oldSpellings),
    ...views.flatMap(inClear),
  ];
}

function shared(
  views: readonly ConnectorView[],
  option: string,
  fallback: string | undefined,
  why: string,
  scope: (view: ConnectorView) => string,
): readonly Problem[] {
  const seen = new Map<string, ConnectorView>();
  return views.flatMap((view) => {
    const value = view.config[option] ?? fallback;
    if (value === undefined) return [];
    const key = `${scope(view)} ${value}`;
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, view);
      return [];
    }
    const message = `${option} ${value} is also used by connector ${other.name}: ${why}`;
    return [problem('connector-shared-name', view.locationOf(option), message)];
  });
}

/** Without them no fence can pass a quiet database, and a check that can't be fenced never says "inconsistent". */
function fenceOptions(view: ConnectorView): readonly Problem[] {
  const { name, config } = view;
  const missing = missingFenceOptions(config);
  if (missing.length === 0) return [];
  const message = `connector ${name} lacks ${missing.join(' and ')}: on a quiet database its position does not advance, retained WAL grows and checks of that database stay inconclusive`;
  return [warning('connector-unfenced', view.location, message, 'Add what is missing, or let `database:` fill it in.')];
}

function slotName(view: ConnectorView): readonly Problem[] {
  const slot = view.config['slot.name'];
  if (slot === undefined || slot.includes('$') || /^[a-z0-9_]{1,63}$/.test(slot)) return [];
  const message = `slot.name ${slot}: PostgreSQL allows only lower-case letters, digits and "_", at most 63`;
  return [problem('slot-name', view.locationOf('slot.name'), message)];
}

function captured(view: ConnectorView): readonly Problem[] {
  const included = listOf(view.config['table.include.list'] ?? view.config['table.whitelist']);
  if (included.length === 0) {
    const message = `connector ${view.name} has no table.include.list: it captures every table, including those of later migrations`;
    return [warning('connector-captures-all', view.location, message)];
  }
  return included
    .filter((table) => /^\w+$/.test(table))
    .map((table) =>
      problem(
        'table-without-schema',
        view.locationOf('table.include.list'),
        `table.include.list: ${table} never matches because table names need their schema, did you mean public.${table}?`,
      ),
    );
}

/** Of Debezium 1.9. */
const OLD_CLASS = 'io.debezium.converters.ByteBufferConverter';

function oldSpellings(view: ConnectorView): readonly Problem[] {
  const found = (option: string, message: string): Problem =>
    warning('connector-old-spelling', view.locationOf(option), message);
  const options = isPostgres(view)
    ? Object.entries(RENAMED_OPTIONS).filter(([old]) => view.config[old] !== undefined)
    : [];
  return [
    ...options.map(([old, now]) => found(old, `${old} is Debezium 1.9; since 2.0 it is ${now}`)),
    ...['key.converter', 'value.converter']
      .filter((option) => view.config[option] === OLD_CLASS)
      .map((option) =>
        found(option, `${OLD_CLASS} is Debezium 1.9; since 2.0 it is io.debezium.converters.BinaryDataConverter`),
      ),
  ];
}

const SECRET = /(password|passphrase|secret|token|credentials?|api\.?key|private\.?key|user\.info)$/i;
const USERINFO = /:\/\/[^/\s:@]+:[^/\s@]+@/;

/** Whoever reads Connect's REST API reads the config. The value itself stays out of the message. */
function inClear(view: ConnectorView): readonly Problem[] {
  return Object.entries(view.config)
    .filter(([option, value]) => value !== '' && !value.includes('$') && (SECRET.test(option) || USERINFO.test(value)))
    .filter(([option]) => view.inClear(option))
    .map(([option]) =>
      warning(
        'password-in-clear',
        view.locationOf(option),
        `${option} holds a secret in clear text`,
        'Let `database:` fill it in, or take it from the environment or from Connect’s config providers (env, file).',
      ),
    );
}
