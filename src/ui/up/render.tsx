import { render } from 'ink';
import type { Emit, OperationEvent } from '../../kinds/events.js';
import { Lines, useClock, useSize } from '../screen.js';
import { checkReportLines } from '../text/check-report.js';
import { paint } from '../text/line.js';
import { shownReports, upLines } from './lines.js';
import { NOTHING_YET, reduceUp, type UpState } from './state.js';

export interface UpScreen {
  readonly emit: Emit;
  /** Draws the last state, leaves it standing, writes the reports of checks below it, and gives the terminal back. */
  end(): Promise<void>;
}

interface RenderUpOptions {
  readonly color: boolean;
  /** Where to draw: a terminal. Default: standard error, since progress is narration. */
  readonly stream?: NodeJS.WriteStream;
}

const REDRAW_MS = 100;
const REPORT_NAME_COLUMNS = 16;

/** Live progress of `up` and its slices, and the reports of verify-consistency, on a terminal. Reads no keys: Ctrl-C stays a signal. */
export function renderUp(options: RenderUpOptions): UpScreen {
  let state: UpState = NOTHING_YET;
  const { color, stream = process.stderr } = options;
  const app = render(<Up read={() => state} color={color} />, {
    stdout: stream,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 20,
  });
  return {
    emit: (event: OperationEvent) => {
      state = reduceUp(state, event, performance.now());
    },
    end: async () => {
      state = { ...state, ended: true };
      app.rerender(<Up read={() => state} color={color} />);
      app.unmount();
      await app.waitUntilExit();
      for (const report of shownReports(state)) {
        const lines = [[], ...checkReportLines(report, REPORT_NAME_COLUMNS, stream.columns || 80)];
        stream.write(lines.map((one) => `${paint(one, color)}\n`).join(''));
      }
    },
  };
}

/** Events come faster than a screen can follow: the state is read as often as it is drawn. */
export function Up({ read, color }: { readonly read: () => UpState; readonly color: boolean }) {
  const nowMs = useClock(REDRAW_MS);
  const { columns, rows } = useSize();
  const state = read();
  // Higher than the terminal, Ink would wipe what is above: the end is what matters then.
  const lines = upLines(state, { columns, nowMs }).slice(-(rows - 1));
  return <Lines lines={lines} color={color} />;
}
