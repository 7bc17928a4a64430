/**
 * Where each statement of an SQL text begins: 0-based offsets of the first character that is neither white space
 * nor comment. It knows quotes, E'' escapes, dollar quotes, nested comments and BEGIN ATOMIC bodies; it is used to
 * say where a failure lies, never to cut what is sent.
 */
export function statementStarts(sql: string): number[] {
  const starts: number[] = [];
  let inStatement = false;
  let atomicDepth = 0;
  for (let at = 0; at < sql.length; ) {
    const blank = blankLength(sql, at);
    if (blank > 0) {
      at += blank;
      continue;
    }
    if (sql[at] === ';' && atomicDepth === 0) {
      inStatement = false;
      at += 1;
      continue;
    }
    if (!inStatement) starts.push(at);
    inStatement = true;
    const word = wordAt(sql, at);
    if (word !== undefined) {
      if (word === 'begin' && wordAfter(sql, at + word.length) === 'atomic') atomicDepth += 1;
      else if (atomicDepth > 0 && word === 'case') atomicDepth += 1;
      else if (atomicDepth > 0 && word === 'end') atomicDepth -= 1;
    }
    at += quotedLength(sql, at) || word?.length || 1;
  }
  return starts;
}

const BLANK = /\s+|--[^\n]*/y;

function blankLength(sql: string, at: number): number {
  if (sql.startsWith('/*', at)) return commentLength(sql, at);
  BLANK.lastIndex = at;
  return BLANK.exec(sql)?.[0].length ?? 0;
}

/** Block comments nest in PostgreSQL. */
function commentLength(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; ) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 2;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 2;
      if (depth === 0) return at - from;
    } else at += 1;
  }
  return sql.length - from;
}

const QUOTED = [/[eE]'(?:[^'\\]|\\[\s\S]|'')*'?/y, /'(?:[^']|'')*'?/y, /"(?:[^"]|"")*"?/y] as const;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

function quotedLength(sql: string, at: number): number {
  for (const pattern of QUOTED) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match !== null) return match[0].length;
  }
  DOLLAR.lastIndex = at;
  const tag = DOLLAR.exec(sql)?.[0];
  if (tag === undefined) return 0;
  const end = sql.indexOf(tag, at + tag.length);
  return (end < 0 ? sql.length : end + tag.length) - at;
}

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

function wordAt(sql: string, at: number): string | undefined {
  WORD.lastIndex = at;
  const word = WORD.exec(sql)?.[0].toLowerCase();
  return word === 'e' && sql[at + 1] === "'" ? undefined : word;
}

function wordAfter(sql: string, from: number): string | undefined {
  let at = from;
  for (let blank = blankLength(sql, at); blank > 0; blank = blankLength(sql, at)) at += blank;
  return wordAt(sql, at);
}
