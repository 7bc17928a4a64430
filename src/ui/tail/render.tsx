import { useInput, useStdin, useStdout } from 'ink';
import type { TailSource } from '../../operations/tail/record.js';
import { pressedKeys } from '../pressed-keys.js';
import { type Left, renderScreen, type ScreenOptions } from '../render-screen.js';
import { FullScreen, useClock, useSize } from '../screen.js';
import { tailLines } from './lines.js';
import { TailModel } from './model.js';

const REDRAW_MS = 100;

interface RenderTailOptions extends ScreenOptions {
  readonly topics: readonly string[];
  /** The signal aborts when the reader leaves. */
  readonly source: (signal: AbortSignal) => TailSource;
  readonly color: boolean;
  /** Applied from the start, as if it had been typed. */
  readonly filter?: string | undefined;
}

/**
 * The interactive tail on a terminal's second screen, until its reader leaves: by `q` (quit), by Ctrl-C or the
 * signal (interrupted). The terminal is given back before it resolves, or rejects with what ended the source.
 */
export function renderTail({ topics, source, color, filter, ...options }: RenderTailOptions): Promise<Left> {
  const model = new TailModel();
  if (filter !== undefined) model.filterBy(filter);
  const draw = (leave: (how: Left) => void) => <Tail model={model} topics={topics} color={color} leave={leave} />;
  const read = (signal: AbortSignal): Promise<void> => {
    // A paused tail waits for a key: none comes any more.
    signal.addEventListener('abort', () => model.press({ kind: 'interrupt' }), { once: true });
    return model.pump(source(signal));
  };
  return renderScreen({ draw, read }, options);
}

/** OSC 52: the terminal puts it into its own clipboard, also over ssh. */
const clipboard = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u001b\\`;

interface TailViewProps {
  readonly model: TailModel;
  readonly topics: readonly string[];
  readonly color: boolean;
}

interface TailProps extends TailViewProps {
  readonly leave: (how: Left) => void;
}

export function Tail({ leave, ...view }: TailProps) {
  const { model } = view;
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      for (const pressed of pressedKeys(input, key)) model.press(pressed);
      if (model.keys.left !== undefined) leave(model.keys.left);
    },
    { isActive: isRawModeSupported === true }, // without a keyboard only the signal ends it
  );
  return <TailView {...view} />;
}

/** The records alone: whoever shows them hands the keys to the model. */
export function TailView({ model, topics, color }: TailViewProps) {
  const nowMs = useClock(REDRAW_MS);
  const { columns, rows } = useSize();
  const { stdout } = useStdout();
  model.copied = (text) => void stdout.write(clipboard(text));
  const { perSecond } = model.tick(nowMs);
  return <FullScreen lines={tailLines(model, { columns, rows, topics, perSecond })} color={color} />;
}
