import protobuf from 'protobufjs';

/** What a bracket holds: declarations, an option's value, a list within one, or anything that stays on its line. */
type Opener = 'body' | 'value' | 'list' | 'inline';

const CLOSERS: ReadonlySet<string> = new Set([')', ']', '>', '}']);
/** Blocks that stand apart from what precedes them. */
const BLOCKS: ReadonlySet<string> = new Set(['message', 'enum', 'service', 'extend', 'oneof']);

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text of a .proto file without comments, in one layout: texts that differ in spaces alone become the same. */
export function printProtobufText(text: string): string {
  const layout = new Layout();
  for (const token of tokensOf(text)) layout.add(token);
  return layout.text();
}

export const quotedText = (content: string): string =>
  `"${content.replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;

/** The tokens, a string as one of them. */
export function* tokensOf(text: string): Generator<string> {
  const tokens = protobuf.tokenize(text, false);
  for (let token = tokens.next(); token !== null; token = tokens.next()) {
    if (token !== '"' && token !== "'") {
      yield token;
      continue;
    }
    const content = tokens.next() ?? '';
    tokens.next(); // the closing quote
    yield quotedText(content);
  }
}

class Layout {
  private readonly lines: string[] = [];
  private readonly open: Opener[] = [];
  private line = '';
  private indent = 0;
  private last = '';
  /** The first word of the statement before, at this level; a bracket where there is none. */
  private before = '{';

  add(token: string): void {
    if (this.line === '') this.separate(token);
    if (CLOSERS.has(token)) this.close(token);
    else this.append(token);
    if (token === ';' && this.open.at(-1) !== 'inline') this.breakLine();
    if (token === ',' && (this.open.at(-1) === 'value' || this.open.at(-1) === 'list')) this.breakLine();
    this.last = token;
  }

  text(): string {
    this.breakLine();
    return this.lines.join('');
  }

  private append(token: string): void {
    this.line += `${this.spaceBefore(token) ? ' ' : ''}${token}`;
    const opener = this.openerOf(token);
    if (opener === undefined) return;
    this.open.push(opener);
    if (opener === 'inline') return;
    this.breakLine();
    this.indent += 1;
    this.before = '{';
  }

  private openerOf(token: string): Opener | undefined {
    const inValue = this.open.includes('value');
    if (token === '{') return inValue || this.last === '=' ? 'value' : 'body';
    if (token === '[') return inValue ? 'list' : 'inline';
    return token === '(' || token === '<' ? 'inline' : undefined;
  }

  private close(token: string): void {
    const opener = this.open.pop();
    if (opener === undefined || opener === 'inline') {
      this.line += token;
      return;
    }
    this.breakLine();
    this.indent -= 1;
    if (this.last === '{' || this.last === '[') this.line = `${(this.lines.pop() ?? '').trim()}${token}`;
    else this.line = token;
    if (opener !== 'body') return;
    this.breakLine();
    this.before = token;
  }

  private spaceBefore(token: string): boolean {
    if (this.line === '') return false;
    if (token === ';' || token === ',' || token === ':' || token === '<') return false;
    if (this.last === '(' || this.last === '<' || this.last === '[') return false;
    return !(this.last === ')' && token.startsWith('.')); // (option).field
  }

  /** One empty line before a block, and between the kinds of a file's other statements. */
  private separate(first: string): void {
    const isTopLevel = this.open.length === 0;
    const isFirst = this.before === '{';
    const isNewKind = isTopLevel && first !== this.before && first !== 'package';
    if (!isFirst && !CLOSERS.has(first) && this.open.at(-1) !== 'value' && (BLOCKS.has(first) || isNewKind)) {
      this.lines.push('\n');
    }
    if (!CLOSERS.has(first)) this.before = first;
  }

  private breakLine(): void {
    if (this.line !== '') this.lines.push(`${'  '.repeat(this.indent)}${this.line}\n`);
    this.line = '';
  }
}
