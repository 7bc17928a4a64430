/** Without a cursor, and without breaking lines: a character that the terminal draws wider than it should be moves no row. */
const ENTER = '\x1b[?1049h\x1b[H\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?1049l\x1b[?25h';

/** Shows a second screen and brings the first one back, cursor and all: by the returned function or when the process exits. */
export function enterAlternateScreen(stream: NodeJS.WriteStream): () => void {
  let inside = true;
  const leave = (): void => {
    if (!inside) return;
    inside = false;
    process.off('exit', leave);
    stream.write(LEAVE);
  };
  stream.write(ENTER);
  process.on('exit', leave);
  return leave;
}
