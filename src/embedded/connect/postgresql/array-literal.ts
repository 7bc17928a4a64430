export type ArrayLiteral = ReadonlyArray<string | null | ArrayLiteral>;

/** PostgreSQL's text of an array: `{1,NULL,"a \"b\"",{2}}`; a lower bound (`[0:1]={…}`) is passed over. */
export function parseArrayLiteral(text: string): ArrayLiteral {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;

  const item = (): string | null | ArrayLiteral => {
    if (text[at] === '{') return array();
    if (text[at] === '"') return quoted();
    const start = at;
    while (at < text.length && text[at] !== ',' && text[at] !== '}') at++;
    const word = text.slice(start, at);
    return word === 'NULL' ? null : word;
  };
  const quoted = (): string => {
    let value = '';
    for (at++; text[at] !== '"'; at++) {
      if (at >= text.length) throw new Error(`an array's text does not end: ${text}`);
      if (text[at] === '\\') at++;
      value += text[at];
    }
    at++;
    return value;
  };
  const array = (): ArrayLiteral => {
    const items: Array<string | null | ArrayLiteral> = [];
    at++;
    while (at < text.length && text[at] !== '}') {
      items.push(item());
      if (text[at] === ',' || text[at] === ';') at++;
    }
    at++;
    return items;
  };
  return array();
}

/** The text of an hstore: `"a"=>"1", "b"=>NULL`. */
export function parseHstore(text: string): Map<string, string | null> {
  const entries = new Map<string, string | null>();
  const pair = /"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")/g;
  const plain = (quoted: string): string => quoted.replace(/\\(.)/g, '$1');
  for (const match of text.matchAll(pair))
    entries.set(plain(match[1] ?? ''), match[2] === undefined ? null : plain(match[2]));
  return entries;
}
