import type { CommandEntry } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';

/** Of a drawing that goes into a file. */
const COLUMNS = 100;

export const graphCommand: CommandEntry = {
  name: 'graph [pipeline]',
  summary: 'draw where the data flows: services, tables, connectors, topics, queries',
  examples: ['graph', 'graph --mermaid > pipeline.mmd', 'graph --svg > pipeline.svg'],
  declare: (command) => command.option('--mermaid', 'as a Mermaid flowchart').option('--svg', 'as an SVG image'),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true }, operand);
    if (options.output === 'json') {
      const { flowEdges } = await import('../../kinds/flow/flow.js');
      const { jsonLine } = await import('../event-printers.js');
      for (const edge of flowEdges(pipeline)) shell.out(jsonLine(edge));
    } else if (options.svg === true) {
      const { drawSvg } = await import('../../kinds/flow/draw-svg.js');
      shell.out(drawSvg(pipeline));
    } else if (options.mermaid === true) {
      const { drawMermaid } = await import('../../kinds/flow/draw-mermaid.js');
      shell.out(drawMermaid(pipeline));
    } else {
      const { drawText } = await import('../../kinds/flow/draw.js');
      shell.out(drawText(pipeline, { columns: shell.columns ?? COLUMNS }));
    }
    return EXIT.done;
  },
};
