/**
 * Contexts part one registry into several: each has its own subjects, ids, levels and modes. A subject of another context
 * than the default one, `.`, is written `:.context:subject`; `:.context:` alone stands for the context itself, whose
 * level and mode apply to its subjects that have none of their own.
 */
export const DEFAULT_CONTEXT = '.';

/** Where neither a subject nor its context says anything. */
export const ALL_CONTEXTS = ':.__GLOBAL:';

const QUALIFIED = /^:(\.[^:]*):(.*)$/s;

interface Place {
  readonly context: string;
  readonly name: string;
}

export function placeOf(subject: string): Place {
  const [, context = DEFAULT_CONTEXT, name = subject] = QUALIFIED.exec(subject) ?? [];
  return { context, name };
}

export const contextOf = (subject: string): string => placeOf(subject).context;

export const qualify = ({ context, name }: Place): string =>
  context === DEFAULT_CONTEXT ? name : `:${context}:${name}`;

/** One spelling of each subject: `:.:s` is `s`. */
export const normalSubject = (subject: string): string => qualify(placeOf(subject));

/** A subject that another one names: without a context it is of the same one. */
export const besideSubject = (subject: string, named: string): string =>
  QUALIFIED.test(named) ? normalSubject(named) : qualify({ context: contextOf(subject), name: named });

/** Where the settings of a context are; null: of the default one. */
export function contextSettings(subject: string | null): string | null {
  const context = subject === null ? DEFAULT_CONTEXT : contextOf(subject);
  return context === DEFAULT_CONTEXT ? null : `:${context}:`;
}

const ANY_CONTEXT = ':*:';

/** Whether a subject begins with a prefix, which may name a context, or any by `:*:`; else it is of the default one. */
export function hasPrefix(subject: string, prefix: string): boolean {
  const own = placeOf(subject);
  if (prefix.startsWith(ANY_CONTEXT)) return own.name.startsWith(prefix.slice(ANY_CONTEXT.length));
  const wanted = placeOf(prefix);
  return own.context === wanted.context && own.name.startsWith(wanted.name);
}
