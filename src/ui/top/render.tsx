import { useInput, useStdin } from 'ink';
import { useReducer } from 'react';
import { pressedKeys } from '../pressed-keys.js';
import { type Left, renderScreen, type ScreenOptions } from '../render-screen.js';
import { FullScreen, useClock, useSize } from '../screen.js';
import { TailView } from '../tail/render.js';
import { topLines } from './lines.js';
import { TopModel } from './model.js';
import type { TopSource } from './source.js';

const REDRAW_MS = 250;

interface RenderTopOptions extends ScreenOptions {
  readonly source: TopSource;
  readonly color: boolean;
}

/** All of a pipeline on a terminal's second screen, until q (quit), Ctrl-C or the signal (interrupted). */
export function renderTop({ source, color, ...options }: RenderTopOptions): Promise<Left> {
  const model = new TopModel(source);
  const draw = (leave: (how: Left) => void) => <Top model={model} color={color} leave={leave} />;
  return renderScreen({ draw, read: (signal) => model.run(signal) }, options);
}

interface TopProps {
  readonly model: TopModel;
  readonly color: boolean;
  readonly leave: (how: Left) => void;
}

export function Top({ model, color, leave }: TopProps) {
  const nowMs = useClock(REDRAW_MS);
  const { columns, rows } = useSize();
  const { isRawModeSupported } = useStdin();
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  // One listener for whatever is shown: changing it would turn the terminal's raw mode off and on, and lose the keys of
  // that moment.
  useInput(
    (input, key) => {
      for (const pressed of pressedKeys(input, key)) model.press(pressed);
      if (model.state.left !== undefined) leave(model.state.left);
      else redraw();
    },
    { isActive: isRawModeSupported === true },
  );
  const { records } = model;
  if (records !== undefined) return <TailView model={records.tail} topics={[records.topic]} color={color} />;
  return <FullScreen lines={topLines(model, { columns, rows, nowMs })} color={color} />;
}
