#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# The network of env_programs.sh, on loopback only.
#   env_net.py serve LOG PORTS GIT-ROOT  an HTTP proxy, an HTTP server that is also a package
#                                        index, and a git server.  Ports go to the file PORTS,
#                                        one line to LOG for every connection.  Ends with its
#                                        standard input, or by itself.
#   env_net.py listen PORT READY         listens there, says nothing; READY appears (or holds
#                                        the reason) once that is so.  Ends in the same way.
#   env_net.py count LOG NAME PORT       how many connections NAME has had
#   env_net.py up                        brings loopback up in a new network namespace
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading

LIFETIME_S = 280
PACKUMENT = b'{"name":"left-pad","dist-tags":{"latest":"1.3.0"},"versions":{"1.3.0":' \
            b'{"name":"left-pad","version":"1.3.0","dist":{"tarball":"http://registry.example/left-pad.tgz"}}}}'
log_lock = threading.Lock()


def log(path, line):
    with log_lock, open(path, 'a') as f:
        f.write(line + '\n')


def write_whole(path, text):
    with open(path + '.new', 'w') as f:
        f.write(text)
    os.rename(path + '.new', path)


def head_of(conn):
    data = b''
    while b'\r\n\r\n' not in data:
        more = conn.recv(65536)
        if not more:
            return b''
        data += more
    return data.split(b'\r\n', 1)[0]


def http(conn):
    while True:
        words = head_of(conn).split()
        if len(words) < 2:
            return
        if words[0] == b'CONNECT':
            conn.sendall(b'HTTP/1.1 502 No tunnels here\r\nContent-Length: 0\r\n\r\n')
            return
        json = words[1].endswith(b'/left-pad')
        body = PACKUMENT if json else b'<html><body>the network answers</body></html>\n'
        conn.sendall(b'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: '
                     + (b'application/json' if json else b'text/html')
                     + b'\r\nContent-Length: %d\r\n\r\n' % len(body)
                     + (b'' if words[0] == b'HEAD' else body))


def git(conn, root):
    conn.setblocking(True)
    subprocess.run(['git', 'daemon', '--inetd', '--export-all', '--base-path=' + root],
                   stdin=conn, stdout=conn, stderr=subprocess.DEVNULL, timeout=60, check=False)


def handle(conn, name, serve, path):
    with conn:
        try:
            conn.settimeout(60)
            if conn.recv(5, socket.MSG_PEEK) == b'sync\n':
                log(path, 'sync ' + name)
                conn.sendall(b'synced\n')
            else:
                serve(conn)
        except (OSError, subprocess.SubprocessError):
            pass


# Logged before it is served, in the order of accept: a count asked for later, over a
# connection of its own, has them all.
def accept(listener, name, serve, path):
    while True:
        conn, _ = listener.accept()
        log(path, 'connection ' + name)
        threading.Thread(target=handle, args=(conn, name, serve, path), daemon=True).start()


def end_with_stdin():
    threading.Timer(LIFETIME_S, os._exit, [0]).start()
    while os.read(0, 4096):
        pass
    os._exit(0)


def serve(path, ports, git_root):
    open(path, 'w').close()
    text = ''
    for name, how in ('proxy', http), ('origin', http), ('git', lambda c: git(c, git_root)):
        listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        text += '%s=%d\n' % (name, listener.getsockname()[1])
        threading.Thread(target=accept, args=(listener, name, how, path), daemon=True).start()
    write_whole(ports, text)
    end_with_stdin()


def listen(port, ready):
    try:
        listener = socket.create_server(('127.0.0.1', int(port)))
        write_whole(ready, 'listening\n')
        end_with_stdin()
        listener.close()
    except OSError as e:
        write_whole(ready, '%s\n' % e)


def count(path, name, port):
    with socket.create_connection(('127.0.0.1', int(port)), timeout=20) as s:
        s.sendall(b'sync\n')
        if s.recv(16) != b'synced\n':
            sys.exit('env_net.py: %s does not answer' % name)
    lines = open(path).read().splitlines()
    print(lines.count('connection ' + name) - lines.count('sync ' + name))


def up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        ifreq = struct.pack('16sh14x', b'lo', 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(s, 0x8914, ifreq)  # SIOCSIFFLAGS


if __name__ == '__main__':
    {'serve': serve, 'listen': listen, 'count': count, 'up': up}[sys.argv[1]](*sys.argv[2:])
