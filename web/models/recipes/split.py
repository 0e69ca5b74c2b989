"""split.py - what the cleaning scripts share: reading, leaks, and one file with its held-out end.

`jielong train` and `train-tokenizer` hold out the last 2 % of a text, from the first line end past
98 % of its bytes. So that they find the place where the input was cut, lines there are dropped.
"""
import gzip


def read(path):
    opened = gzip.open(path) if path.endswith('.gz') else open(path, 'rb')
    with opened as f:
        return f.read().decode('utf-8')


def without_leaks(train, held, shortest):
    """Training lines that are no held-out lines; lines of fewer characters may be in both."""
    known = {line for line in held if len(line) >= shortest}
    return [line for line in train if line not in known]


def held_out_at(data):
    at = len(data) - len(data) // 50
    end = data.find(b'\n', at)
    return end + 1 if end >= 0 else at


def join_parts(train, held, out, held_out=None):
    """Writes train + held, less the few lines next to the cut that keep the 2 % from meeting it."""
    skip, lines = 0, len(train)
    a, b = ''.join(train).encode('utf-8'), ''.join(held).encode('utf-8')
    while (cut := held_out_at(a + b)) != len(a):
        if not a or not b:
            raise SystemExit('no cut fits')
        if cut > len(a):
            b = b[len(held[skip].encode('utf-8')) :]
            skip += 1
        else:
            lines -= 1
            a = a[: -len(train[lines].encode('utf-8'))]
    with open(out, 'wb') as f:
        f.write(a + b)
    if held_out:
        with open(held_out, 'wb') as f:
            f.write(b)
    print(f'{out}: {len(a)} bytes to train on, {len(b)} held out '
        f'({skip + len(train) - lines} lines dropped at the cut)')
