"""grammar.py - llama.cpp's test cases of grammars and JSON schemas as JSON (grammar.json).

Usage: python3 tests/golden/grammar.py LLAMA_CPP > tests/golden/grammar.json

LLAMA_CPP is the folder vendor/llama.cpp of llama-cpp-python's source package (0.3.36). Reads
tests/test-grammar-parser.cpp, test-grammar-integration.cpp and test-json-schema-to-grammar.cpp; llama.cpp is
MIT licensed.
"""
import json
import re
import sys

TOKEN = re.compile(
    r'\s+|//[^\n]*|/\*.*?\*/'
    r'|(?P<raw>R"(?P<mark>[^(]*)\((?P<text>.*?)\)(?P=mark)")'
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<char>'(?:[^'\\]|\\.)')"
    r'|(?P<word>[A-Za-z_0-9.:]+)'
    r'|(?P<mark2>[{}(),+;=])|.', re.S)
ESCAPES = {'n': '\n', 't': '\t', 'r': '\r', '0': '\0'}


def unescape(text):
    return re.sub(r'\\(.)', lambda m: ESCAPES.get(m[1], m[1]), text, flags=re.S)


def tokens(source, at):
    while at < len(source):
        m = TOKEN.match(source, at)
        at = m.end()
        if m['raw'] is not None:
            yield 'string', m['text'], at
        elif m['string'] is not None:
            yield 'string', unescape(m['string'][1:-1]), at
        elif m['char'] is not None:
            yield 'number', ord(unescape(m['char'][1:-1])), at
        elif m['word'] is not None:
            yield ('number', int(m['word']), at) if m['word'].isdigit() else ('word', m['word'], at)
        elif m['mark2'] is not None:
            yield 'mark', m['mark2'], at


class Reader:
    """The arguments of a call: strings, numbers, words, lists; token(10) + "…" is a list of parts."""

    def __init__(self, source, at):
        self.stream = tokens(source, at)
        self.next()

    def next(self):
        self.kind, self.value, self.at = next(self.stream)

    def term(self):
        kind, value = self.kind, self.value
        if kind == 'mark' and value == '{':
            self.next()
            return self.list('}')
        self.next()
        if kind == 'word' and value == 'token':
            self.next()
            (number,) = self.list(')')
            return {'token': number}
        return value

    def item(self):
        parts = [self.term()]
        while self.kind == 'mark' and self.value == '+':
            self.next()
            parts.append(self.term())
        while self.kind == 'string':  # adjacent literals
            parts[-1] += self.term()
        return parts if len(parts) > 1 or isinstance(parts[0], dict) else parts[0]

    def list(self, end):
        out = []
        while not (self.kind == 'mark' and self.value == end):
            if self.kind == 'mark' and self.value == ',':
                self.next()
                continue
            out.append(self.item())
        self.next()
        return out


def calls(source, name, begin='('):
    for m in re.finditer(r'(?<![\w])' + name + re.escape(begin), source):
        if source[:m.start()].rstrip().endswith(('void', 'bool', 'auto')):
            continue
        yield Reader(source, m.end()).list(')' if begin == '(' else '}')


TYPES = ['END', 'ALT', 'RULE_REF', 'CHAR', 'CHAR_NOT', 'CHAR_RNG_UPPER', 'CHAR_ALT', 'CHAR_ANY',
         'TOKEN', 'TOKEN_NOT']


def main():
    folder = sys.argv[1] + '/tests/test-'
    parser = open(folder + 'grammar-parser.cpp').read()
    parser = parser[parser.index('int main'):]
    integration = open(folder + 'grammar-integration.cpp').read()
    schemas = open(folder + 'json-schema-to-grammar.cpp').read()
    rules = []
    for grammar, names, elements in calls(parser, 'verify_parsing'):
        numbers = [[TYPES.index(t[len('LLAMA_GRETYPE_'):]), v] for t, v in elements]
        rules.append({'grammar': grammar, 'names': dict(names), 'elements': numbers})
    strings = {'test_grammar': [], 'test_schema': []}
    for name, out in strings.items():
        for description, text, passing, failing in calls(integration, name):
            key = 'grammar' if name == 'test_grammar' else 'schema'
            out.append({'name': description, key: text, 'passing': passing, 'failing': failing})
    left = re.search(r'test_failure_left_recursion\(\) \{(.*?)\n\}', integration, re.S)[1]
    recursive = [m[2] for m in re.finditer(r'_str = R"(""|)"?"?\((.*?)\)"""', left, re.S)]
    result = {
        'rules': rules,
        'refused': [grammar for (grammar,) in calls(parser, 'verify_failure')],
        'leftRecursion': recursive,
        'grammars': strings['test_grammar'],
        'schemas': [dict(zip(('status', 'name', 'schema', 'grammar'), case)) for case in
                    calls(schemas, r'test\(', '{')],
        'schemaTexts': strings['test_schema'],
    }
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
