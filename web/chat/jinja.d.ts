/**
 * jinja.d.ts - what template.js uses of jinja.js, the module of the package @huggingface/jinja that
 * `make web/chat/jinja.js` puts beside this file.
 */

// biome-ignore lint/suspicious/noExplicitAny: what a template holds has no type
export type Any = any;

/** A value of a running template. */
export interface Value {
  type: string;
  value: Any;
  toString(): string;
}

export interface Node {
  type: string;
  [field: string]: Any;
}

export class Environment {
  set(name: string, value: unknown): Value;
  lookupVariable(name: string): Value;
}

export class Interpreter {
  constructor(env?: Environment);
  global: Environment;
  run(program: Node): Value;
  evaluate(statement: Node | undefined, environment: Environment): Value;
  /** Private to the package; the text of a list of statements. */
  evaluateBlock(statements: Node[], environment: Environment): Value;
}

export class Template {
  constructor(template: string);
  parsed: Node;
  format(options?: { indent: string | number }): string;
}
