import { provePersonPlanning } from '../matrix/person-planning.js';

provePersonPlanning(async () => ({ options: [] }));
