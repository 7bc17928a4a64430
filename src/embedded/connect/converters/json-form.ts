/** The struct that stands for one of several types: a field for each, of which one is set. */
export const JSON_UNION = 'io.confluent.connect.json.OneOf';
/** A parameter of a string whose values are listed; below it each value. */
export const JSON_ENUM = 'io.confluent.connect.json.Enum';
export const JSON_NAMESPACE = 'io.confluent.connect.json';
