/** `isSafe`, `has_permission`, `startsWith`: the answer is yes or no, or a number. */
export function isTestName(name: string): boolean {
  return (
    /^(?:is|has|can|should|must|exists?|includes?|contains?|starts?_?with|ends?_?with|equals?|test|every|some|any|all|count|len|length|size|index_?of|last_?index_?of|find_?index|compare|verify|check|validate|hash|digest|log|debug|info|warn|error)(?=$|[A-Z_])/.test(
      name,
    ) ||
    /^(?:startswith|endswith|isdigit|isalnum|isalpha|isnumeric|indexOf|search|ord|hashCode|compareTo|equalsIgnoreCase)$/.test(
      name,
    )
  );
}

/** `escapeText`, `sanitize_name`: made to clean what it is given. */
export function isCleaningName(name: string): boolean {
  return /escape|saniti[sz]e|purify|html_?encode|encode_?(?:for_?)?html/i.test(name) && !/unescape/i.test(name);
}

/** Names of calls that look something up by what they are given: the result is another thing. */
const LOOKUPS =
  /^(?:get|find|fetch|load|lookup|select|query|search|read|list|save|insert|update|delete|remove|create_?user|count|execute|exec|run|send|write|print|require|import|sleep|set|add|register|use|on|emit|login|authenticate|connect|open)(?=$|[A-Z_0-9])/;

export function isLookupName(name: string): boolean {
  return LOOKUPS.test(name.slice(0, 1).toLowerCase() + name.slice(1));
}

/** Names of methods whose result is made of what they are given. */
export function isConversionName(name: string): boolean {
  return /^(?:to|from|as|join|concat|format|append|prepend|replace|encode|decode|escape|unescape|parse|stringify|serialize|deserialize|dumps?|loads?|convert|transform|normali[sz]e|build|make|render|compile|wrap|merge|assign|clone|copy|trim|strip|resolve|template|interpolate|sprintf|do|of|value_?of|process)(?=$|[A-Z_0-9])/.test(
    name,
  );
}

/** Whether a function of which nothing but the name is known may hand on what it is given. */
export function mayHandOn(callee: string): boolean {
  const name = callee.split('.').at(-1) ?? callee;
  return !isTestName(name) && !isLookupName(name) && !isCleaningName(name);
}
