import { javaRegex, javaReplacement, regexProblem, required } from '../../../protocol/connect/option.js';
import { APACHE, type TransformPlugin } from './transform.js';

export const regexRouter: TransformPlugin = {
  className: `${APACHE}.RegexRouter`,
  meaning: 'Another topic where the whole name matches.',
  options: [
    { ...required('STRING', 'regex', 'Regular expression to use for matching.'), check: regexProblem },
    required('STRING', 'replacement', 'Replacement string.'),
  ],
  create(options) {
    const regex = javaRegex(`^(?:${options.string('regex')})$`);
    const replacement = javaReplacement(options.string('replacement'));
    return (record) => {
      const match = regex.exec(record.topic);
      return match === null ? record : { ...record, topic: replacement(match) };
    };
  },
};
