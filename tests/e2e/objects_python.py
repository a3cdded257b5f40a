# SPDX-License-Identifier: MIT
#
# What Python loads under a fence, by PYTHONPATH and nothing else, tried natively: a native
# library that says when it is loaded stands for the Windows one.  Each program is run with
# our directory and, as the control, without it.
#   objects_python.py DIR [PYTHON]      (with sitecustomize.py; another Python to try)
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = '''#include <unistd.h>
__attribute__((constructor)) static void say(void) { (void)!write(2, "loaded\\n", 7); }
'''
SHOW = '''import sys
try:
    import sitecustomize
    print("next:", sitecustomize.__file__, getattr(sitecustomize, "mark", None))
except ImportError as e:
    print("no next:", getattr(e, "name", None))
print([p for p in sys.path if p])
'''

PYTHON = sys.argv[2] if len(sys.argv) > 2 else sys.executable
passed = failed = 0


def check(name, good, *told):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print('objects: python: not ok:', name, *told)


def run(path, *args, python=PYTHON, code=SHOW):
    env = {k: v for k, v in os.environ.items() if not k.startswith('PYTHON')}
    env['PYTHONPATH'] = os.pathsep.join(path)
    p = subprocess.run([python, *args, '-c', code], env=env, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout, p.stderr


def same(name, path, *args, loads=True, **kw):
    """With our directory first all is as without it, and the library was loaded or not."""
    ours, without = run([OURS] + path, *args, **kw), run(path or ['/nowhere'], *args, **kw)
    out = [o.replace(repr('/nowhere') + ', ', '').replace(repr('/nowhere'), '')
           for o in (ours[1], without[1])]
    err = ours[2].replace('loaded\n', '', 1) if loads else ours[2]
    check(name, ours[0] == without[0] and out[0] == out[1] and err == without[2] and
          ('loaded' in ours[2]) == loads, ours, without)


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)


work = tempfile.mkdtemp()
try:
    OURS = os.path.join(work, 'a b', 'python')
    library = os.path.join(work, 'a b', 'ringfence-objects.dll')
    users, broken = os.path.join(work, 'users'), os.path.join(work, 'broken')
    for d in (OURS, users, broken):
        os.makedirs(d)
    shutil.copy(os.path.join(sys.argv[1], 'sitecustomize.py'), OURS)
    write(os.path.join(work, 'say.c'), SOURCE)
    subprocess.run(['gcc', '-shared', '-fPIC', '-o', library, os.path.join(work, 'say.c')],
                   check=True)
    write(os.path.join(users, 'sitecustomize.py'), 'mark = "the user\'s"\nprint("ran")\n')
    write(os.path.join(broken, 'sitecustomize.py'), 'import nothing_of_that_name\n')

    same('no other sitecustomize', [])
    same("the user's own runs next", [users])
    same("the user's own is where it was", [work, users])
    check('it did run', 'ran\n' in run([OURS, users])[1] and "the user's" in run([OURS, users])[1])
    code, out, err = run([OURS, broken])
    check('its error is shown as ever', code == 0 and 'nothing_of_that_name' in err and
          run([broken])[0] == 0 and 'nothing_of_that_name' in run([broken])[2], err)
    check('named twice: none of it is left', OURS not in run([OURS, users, OURS + os.sep])[1])
    for flag in ('-S', '-E', '-I'):
        same(flag, [users], flag, loads=False, code='print(6*7)')
    check('a child has it too', run([OURS], code='import subprocess, sys; '
          'subprocess.run([sys.executable, "-c", ""])')[2] == 'loaded\nloaded\n')

    venv = os.path.join(work, 'venv')
    if subprocess.run([PYTHON, '-c', 'import venv'], stderr=subprocess.DEVNULL).returncode == 0:
        subprocess.run([PYTHON, '-m', 'venv', '--without-pip', venv], check=True)
        same('in a venv', [users], python=os.path.join(venv, 'bin', 'python'))

    write(library, 'no library')
    same('another thing in its place', [users], loads=False)
    os.remove(library)
    same('no library', [users], loads=False)
finally:
    shutil.rmtree(work)
print('objects: python: %d passed, %d failed' % (passed, failed))
sys.exit(failed != 0)
