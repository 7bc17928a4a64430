/**
 * An environment as Compose reads it from `env_file`. Values are in double quotes with the escapes that its reader
 * undoes, since single quotes have no way to hold a quote. A dollar sign would begin a variable.
 */
export function envFile(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(
      ([name, value]) => `${name}="${value.replace(/[\\"$\n\r]/g, (character) => ESCAPES[character] ?? character)}"\n`,
    )
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  $: '\\$',
  '\n': '\\n',
  '\r': '\\r',
};
