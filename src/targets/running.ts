export { runningPipelines } from '../supervisor/ensure.js';
