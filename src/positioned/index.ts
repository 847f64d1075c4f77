/**
 * Owns: the walk over what the YAML library has parsed, with places, aliases and limits: what every scanner of YAML has to get right
 * against a hostile file.
 * Never: says what a key or a value means, nor which YAML is read.
 */
export { foldYaml, type YamlBuilder, type YamlEntry, YamlLimit, type YamlScalar } from './fold-yaml.ts';
