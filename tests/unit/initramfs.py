#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump initramfs on a made-up system: its sysfs, its kernel's modules, its disks.

usage: initramfs.py KDUMP COMPILER

The modules are real ELF files made of a few lines of assembler, indexed by depmod(8); the disks are
image files made by mkfs; what comes out is read by code of our own here, and listed by cpio(1).
"""
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

KDUMP, COMPILER = sys.argv[1:3]
VERSION = '6.9.9-test'
UUID = '11111111-2222-3333-4444-555555555555'

# name: folder, symbols it exports, symbols it needs, further modinfo lines
MODULES = {
    'virtio': ('drivers/virtio', ['register_virtio'], ['vring_new'], []),
    'virtio_ring': ('drivers/virtio', ['vring_new'], [], []),
    'virtio_pci': ('drivers/virtio', [], ['register_virtio', 'vring_new'],
                   ['alias=pci:v00001AF4d*sv*sd*bc*sc*i*']),
    'virtio_blk': ('drivers/block', [], ['register_virtio'], ['alias=virtio:d00000002v*']),
    'shpchp': ('drivers/pci', [], [], ['alias=pci:v*d*sv*sd*bc06sc04i*']),
    'nvme_core': ('drivers/nvme', ['nvme_go'], [], []),
    'nvme': ('drivers/nvme', [], ['nvme_go'], []),
    'ext4': ('fs/ext4', [], ['jbd2_go'], ['alias=fs-ext4', 'softdep=pre: crc32c']),
    'jbd2': ('fs/jbd2', ['jbd2_go'], [], []),
    'crc32c_one': ('arch/crypto', [], [], ['alias=crc32c', 'alias=crypto-crc32c']),
    'circle_a': ('lib', [], [], ['softdep=pre: circle_b']),
    'circle_b': ('lib', [], [], ['softdep=pre: circle_a']),
    'vfat': ('fs/fat', [], [], []),
    'nls_cp437': ('fs/nls', [], [], []),
    'nls_iso8859-1': ('fs/nls', [], [], []),
    'btrfs': ('fs/btrfs', [], [], []),
    'efivarfs': ('fs/efivarfs', [], [], []),
    'surplus': ('drivers/net', [], [], []),
    'fuse': ('fs/fuse', [], [], []),
}


def assemble(source, output, *options):
    subprocess.run([COMPILER, '-x', 'assembler', '-nostdlib', *options, '-o', output, '-'],
                   input=source, text=True, check=True)


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def link(target, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def cpio_entries(data):
    """The entries of a newc archive: [(name, mode, uid, gid, mtime, rdev, content)]."""
    entries, at = [], 0
    while True:
        assert data[at:at + 6] == b'070701'
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + field[11] - 1].decode()
        start = (at + 110 + field[11] + 3) & ~3
        if name == 'TRAILER!!!':
            return entries
        entries.append((name, field[1], field[2], field[3], field[5], (field[9], field[10]),
                        data[start:start + field[6]]))
        at = (start + field[6] + 3) & ~3


def build_modules(root, version=VERSION, leave_out=()):
    tree = f'{root}/lib/modules/{version}'
    shutil.rmtree(tree, ignore_errors=True)
    for name, (folder, exports, needs, info) in MODULES.items():
        if name in leave_out:
            continue
        lines = ['.section .modinfo,"a"', f'.asciz "name={name}"']
        lines += [f'.asciz "{line}"' for line in info]
        lines += ['.section __ksymtab_strings,"a"'] + [f'.asciz "{s}"' for s in exports]
        lines += ['.data'] + [f'.quad {s}' for s in needs] + ['.fill 3000,1,7']
        os.makedirs(f'{tree}/kernel/{folder}', exist_ok=True)
        assemble('\n'.join(lines) + '\n', f'{tree}/kernel/{folder}/{name}.ko', '-c')
    write(f'{tree}/modules.order', '')
    write(f'{tree}/modules.builtin.modinfo', '')
    write(f'{tree}/modules.builtin', 'kernel/drivers/ata/ahci.ko\nkernel/fs/xfs/xfs.ko\n')
    depmod(root, version)
    return tree


def depmod(root, version=VERSION):
    path = os.environ['PATH'] + ':/usr/sbin:/sbin'
    subprocess.run(['depmod', '-b', root, version], check=True, env={**os.environ, 'PATH': path})


def make_file_system(path, kind, size, *options):
    write(path, b'')
    os.truncate(path, size)
    path_of = os.environ['PATH'] + ':/usr/sbin:/sbin'
    subprocess.run([f'mkfs.{kind}', *options, path], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, 'PATH': path_of})


class Initramfs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pristine = tempfile.mkdtemp(prefix='kdump-initramfs-')
        root = cls.pristine
        build_modules(root)
        write(f'{root}/boot/config-{VERSION}', 'CONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n'
              'CONFIG_FAT_DEFAULT_CODEPAGE=437\nCONFIG_FAT_DEFAULT_IOCHARSET="iso8859-1"\n')
        write(f'{root}/proc/sys/kernel/osrelease', VERSION + '\n')
        write(f'{root}/proc/self/mountinfo',
              '20 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n'
              '21 20 0:20 / /tmpfs rw - tmpfs tmpfs rw\n'
              '22 20 254:1 /srv/a\\040b /bound rw - ext4 /dev/vda1 rw\n'
              '23 20 0:30 /@/x /butter rw - btrfs /dev/vdc rw,space_cache,subvolid=256,subvol=/@\n'
              '24 20 254:9 / /gone rw - ext4 /dev/vdz rw\n')
        os.makedirs(f'{root}/var/lib')
        # A disk behind virtio behind PCI behind a bridge, and its partition.
        bridge = f'{root}/sys/devices/pci0000:00/0000:00:01.0'
        function = f'{bridge}/0000:01:00.0'
        cls.bind(bridge, 'pcieport', None, 'pci:v00001B36d0000000Csv0sd0bc06sc04i00')
        cls.bind(function, 'virtio-pci', 'virtio_pci', 'pci:v00001AF4d00001001sv0sd0bc01sc00i00')
        cls.bind(f'{function}/virtio1', 'virtio_blk', 'virtio_blk', 'virtio:d00000002v00001AF4')
        for number, name in enumerate(['vda/vda1', 'vdb', 'vdc', 'vdd']):
            cls.block(f'{function}/virtio1/block/{name}', f'254:{number + 1}')
        make_file_system(f'{root}/dev/vda1', 'ext4', 8 << 20, '-q', '-U', UUID, '-L', 'crash')
        make_file_system(f'{root}/dev/vdb', 'vfat', 8 << 20, '-i', 'ABCD1234')
        make_file_system(f'{root}/dev/vdc', 'btrfs', 128 << 20, '-q', '-U', UUID.replace('1', '9'))
        write(f'{root}/dev/vdd', b'\0' * (1 << 20))
        link('../../vda1', f'{root}/dev/disk/by-label/crash')
        # Devices that no module reaches.
        for name, attribute, value in [('dm-0', 'dm/uuid', 'LVM-abc'), ('dm-1', 'dm/uuid', 'CRYPT-L'),
                                       ('md0', 'md/level', 'raid1'),
                                       ('loop0', 'loop/backing_file', '/x')]:
            cls.block(f'{root}/sys/devices/virtual/block/{name}', f'9:{len(name) + ord(name[-1])}')
            write(f'{root}/sys/devices/virtual/block/{name}/{attribute}', value + '\n')
            shutil.copy(f'{root}/dev/vda1', f'{root}/dev/{name}')
            write(f'{root}/sys/devices/virtual/block/{name}/size', '0\n')
        assemble('.globl _start\n_start: hlt\n.section .note.GNU-stack,"",@progbits\n',
                 f'{root}/capture', '-static')

    @classmethod
    def bind(cls, device, driver, module, modalias):
        root = cls.pristine
        os.makedirs(device, exist_ok=True)
        write(f'{device}/modalias', modalias + '\n')
        os.makedirs(f'{root}/sys/bus/drivers/{driver}', exist_ok=True)
        link(f'{os.path.relpath(root + "/sys/bus/drivers/" + driver, device)}', f'{device}/driver')
        if module:
            os.makedirs(f'{root}/sys/module/{module}', exist_ok=True)
            link(f'../../../module/{module}', f'{root}/sys/bus/drivers/{driver}/module')

    @classmethod
    def block(cls, device, number):
        root, name = cls.pristine, os.path.basename(device)
        os.makedirs(device, exist_ok=True)
        write(f'{device}/size', '2048\n')
        for place in [f'class/block/{name}', f'dev/block/{number}']:
            path = f'{root}/sys/{place}'
            link(os.path.relpath(device, os.path.dirname(path)), path)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.pristine)

    def setUp(self):
        self.root = self.pristine
        self.output = f'{self.root}/image'
        self.config = f'{self.root}/etc/kdump.conf'

    def tearDown(self):
        for path in [self.output, self.config]:
            if os.path.exists(path):
                os.unlink(path)

    def scratch(self):
        """A root of this test's own, sparse files kept sparse."""
        self.root = tempfile.mkdtemp(prefix='kdump-initramfs-')
        self.addCleanup(shutil.rmtree, self.root)
        subprocess.run(['cp', '-a', '--sparse=always', self.pristine + '/.', self.root], check=True)
        self.output = f'{self.root}/image'

    def run_kdump(self, *arguments):
        return subprocess.run([KDUMP, 'initramfs', '--root', self.root, '-k', VERSION, '-o',
                               self.output, '--capture-program', f'{self.root}/capture',
                               *arguments], text=True, capture_output=True, check=False)

    def build(self, *arguments):
        done = self.run_kdump('--json', *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return json.loads(done.stdout)

    def refuses(self, *parts, arguments=(), code=1):
        before = read(self.output) if os.path.exists(self.output) else None
        done = self.run_kdump(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ''), done)
        if code == 1:
            self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        after = read(self.output) if os.path.exists(self.output) else None
        self.assertEqual(before, after)

    def entries(self):
        packed = read(self.output)
        if packed[:4] == b'\x28\xb5\x2f\xfd':
            packed = subprocess.run(['zstd', '-dc'], input=packed, stdout=subprocess.PIPE,
                                    check=True).stdout
        elif packed[:2] == b'\x1f\x8b':
            packed = gzip.decompress(packed)
        listed = subprocess.run(['cpio', '-t', '--quiet'], input=packed, stdout=subprocess.PIPE,
                                check=True).stdout.decode().split('\n')[:-1]
        entries = cpio_entries(packed)
        self.assertEqual([e[0] for e in entries], listed)
        return entries

    def names(self, shape):
        return [module['name'] for module in shape['modules']]

    def test_content(self):
        shape = self.build()
        self.assertEqual(shape['compressor'], 'zstd')
        self.assertEqual(shape['targets'], [
            {'name': '', 'block': 'vda1', 'device': f'UUID={UUID}', 'type': 'ext4',
             'path': '/var/crash', 'options': ''}])
        self.assertEqual(shape['bytes'], os.path.getsize(self.output))
        entries = self.entries()
        by_name = {entry[0]: entry for entry in entries}
        self.assertEqual(list(by_name), sorted(by_name))
        for name, mode, uid, gid, mtime, _, _ in entries:
            self.assertEqual((uid, gid, mtime), (0, 0, 0), name)
            folder = os.path.dirname(name)
            self.assertTrue(not folder or by_name[folder][1] & 0o170000 == 0o040000, name)
        for name in ['proc', 'sys', 'dev', 'run', 'target', 'etc/kdump', 'tmp']:
            self.assertEqual(by_name[name][1] & 0o170000, 0o040000)
        self.assertEqual(by_name['dev/console'][1:6], (0o020600, 0, 0, 0, (5, 1)))
        self.assertEqual(by_name['dev/null'][5], (1, 3))
        self.assertEqual(by_name['init'][1], 0o100755)
        self.assertEqual(by_name['init'][6], read(f'{self.root}/capture'))
        self.assertIn(f'device = UUID={UUID}\ntype = ext4\npath = /var/crash\n',
                      by_name['etc/kdump.conf'][6].decode())
        listed = by_name['etc/kdump/modules'][6].decode().split('\n')
        self.assertEqual(listed.pop(), '')
        self.assertEqual(listed, [module['path'] for module in shape['modules']])
        modules = {'/' + name for name in by_name if name.endswith('.ko')}
        self.assertEqual(modules, set(listed))
        for module in shape['modules']:
            self.assertEqual(by_name[module['path'][1:]][6], read(module['source']))

    def test_order(self):
        names = self.names(self.build())
        self.assertEqual(sorted(names), sorted(['virtio', 'virtio_ring', 'virtio_pci', 'virtio_blk',
                                                'crc32c_one', 'jbd2', 'ext4']))
        for first, then in [('virtio_ring', 'virtio'), ('virtio', 'virtio_pci'),
                            ('virtio', 'virtio_blk'), ('virtio_pci', 'virtio_blk'),
                            ('jbd2', 'ext4'), ('crc32c_one', 'ext4')]:
            self.assertLess(names.index(first), names.index(then))

    def test_soft_dependencies_in_a_circle(self):
        self.scratch()
        link('../../../module/circle_a', f'{self.root}/sys/bus/drivers/virtio_blk/module')
        names = self.names(self.build())
        self.assertEqual(names.count('circle_a'), 1)
        self.assertEqual(names.count('circle_b'), 1)
        self.assertLess(names.index('circle_b'), names.index('circle_a'))

    def test_same_input_same_bytes(self):
        self.build()
        first = read(self.output)
        self.build()
        self.assertEqual(read(self.output), first)
        # Neither times nor the order in which a folder lists its files matter.
        for folder, _, files in os.walk(f'{self.root}/lib'):
            for name in files:
                os.utime(os.path.join(folder, name), (1, 1))
        self.scratch()
        self.build()
        self.assertEqual(read(self.output), first)

    def test_compressors(self):
        self.scratch()
        unpacked = None
        for text, name in [('CONFIG_RD_ZSTD=y\n', 'zstd'), ('CONFIG_RD_GZIP=y\n', 'gzip'),
                           ('# CONFIG_RD_ZSTD is not set\nCONFIG_RD_GZIP=n\n', 'none')]:
            write(f'{self.root}/boot/config-{VERSION}', text)
            self.assertEqual(self.build()['compressor'], name)
            entries = self.entries()
            self.assertIn(unpacked, (None, entries))
            done = subprocess.run([KDUMP, 'initramfs', '--list', self.output], text=True,
                                  capture_output=True, check=True)
            self.assertEqual(done.stdout.count('\n'), len(entries))
            unpacked = entries
        os.unlink(f'{self.root}/boot/config-{VERSION}')
        self.assertEqual(self.build()['compressor'], 'none')

    def test_compressed_modules(self):
        self.scratch()
        plain = {module['path']: read(module['source']) for module in self.build()['modules']}
        # Debian's depmod does not know .gz, so those keep their name: the content tells.
        for packer, suffix in [('xz --check=crc32', '.xz'), ('zstd -q', '.zst'), ('gzip', '')]:
            tree = build_modules(self.root)
            for module in plain:
                packed = subprocess.run([*packer.split(), '-c', self.root + module], check=True,
                                        stdout=subprocess.PIPE).stdout
                if suffix:
                    os.unlink(self.root + module)
                write(self.root + module + suffix, packed)
            if suffix:
                depmod(self.root)
            shape = self.build()
            self.assertTrue(all(m['source'].endswith('.ko' + suffix) for m in shape['modules']))
            self.assertTrue(all(m['stored_bytes'] < m['bytes'] for m in shape['modules']))
            unpacked = {'/' + e[0]: e[6] for e in self.entries() if e[0].endswith('.ko')}
            self.assertEqual(unpacked, plain)
            # Damage: cut short, a flipped byte, another file altogether.
            victim = f'{tree}/kernel/fs/jbd2/jbd2.ko{suffix}'
            whole = read(victim)
            for cut in range(0, len(whole), 37):
                write(victim, whole[:cut])
                self.refuses('jbd2.ko' + suffix)
            write(victim, b'not a module at all')
            self.refuses('jbd2.ko' + suffix)

    def test_missing_module(self):
        self.scratch()
        self.build()
        build_modules(self.root, leave_out=['virtio_blk', 'ext4'])
        self.refuses('has no module for virtio_blk', 'ext4', '/dev/vda1')
        tree = build_modules(self.root)
        os.unlink(f'{tree}/kernel/fs/jbd2/jbd2.ko')
        self.refuses('jbd2.ko', 'cannot be followed', 'reinstall')
        os.unlink(f'{tree}/modules.dep.bin')
        self.refuses(f'run depmod {VERSION}')
        self.refuses('6.0-none', arguments=['-k', '6.0-none'])

    def test_garbage_indexes(self):
        self.scratch()
        tree = f'{self.root}/lib/modules/{VERSION}'
        for index in ['modules.dep.bin', 'modules.alias.bin', 'modules.softdep']:
            whole = read(f'{tree}/{index}')
            for content in [b'\xff' * 100, b'install crc32c rm -rf /\n', whole[:len(whole) // 2]]:
                write(f'{tree}/{index}', content)
                done = self.run_kdump()
                self.assertIn(done.returncode, (0, 1))
                self.assertLessEqual(done.stderr.count('\n'), 1)
            write(f'{tree}/{index}', whole)
        write(f'{tree}/modules.dep.bin', b'\xff' * 100)
        self.refuses('modules.dep.bin')
        write(f'{tree}/modules.softdep', b'install crc32c rm -rf /\n')
        self.refuses('modules.softdep', 'run depmod')

    def test_other_kernel(self):
        """Another version's modules, where what is built in here may be a module."""
        self.scratch()
        build_modules(self.root, '7.0-next')
        write(f'{self.root}/proc/sys/kernel/osrelease', '6.0-old\n')
        names = self.names(self.build('-k', '7.0-next'))
        self.assertIn('virtio_blk', names)
        self.assertNotIn('shpchp', names)
        # The driver built in here, so that only the modalias is known; then under another name.
        os.unlink(f'{self.root}/sys/bus/drivers/virtio_blk/module')
        self.assertIn('virtio_blk', self.names(self.build('-k', '7.0-next')))
        link('../../../module/x', f'{self.root}/sys/bus/drivers/virtio_blk/module')
        self.assertIn('virtio_blk', self.names(self.build('-k', '7.0-next')))

    def test_built_in(self):
        self.scratch()
        make_file_system(f'{self.root}/dev/vda1', 'xfs', 320 << 20, '-q', '-f')
        names = self.names(self.build('--target', '/dev/vda1'))
        self.assertNotIn('xfs', names)
        self.assertIn('virtio_blk', names)

    def test_vfat_character_sets(self):
        write(self.config, '[capture]\nfallback = none\n')
        names = self.names(self.build('--target', '/dev/vdb'))
        self.assertEqual([n for n in names if 'virtio' not in n],
                         ['vfat', 'nls_cp437', 'nls_iso8859-1'])
        write(self.config, '[target]\noptions = quiet,iocharset=koi8-r\n')
        self.refuses('nls_koi8-r', arguments=['--target', '/dev/vdb'])

    def test_efi_variables(self):
        """Where the machine was started by EFI, last words can go there."""
        self.assertNotIn('efivarfs', self.names(self.build()))
        self.scratch()
        os.makedirs(f'{self.root}/sys/firmware/efi')
        self.assertIn('efivarfs', self.names(self.build()))
        build_modules(self.root, leave_out=['efivarfs'])
        self.assertNotIn('efivarfs', self.names(self.build()))

    def test_target_spellings(self):
        for device, expected in [('/dev/vda1', f'UUID={UUID}'), (f'UUID={UUID}', f'UUID={UUID}'),
                                 ('/dev/disk/by-label/crash', f'UUID={UUID}'),
                                 ('LABEL=crash', 'LABEL=crash'), ('UUID=ABCD-1234',) * 2]:
            self.assertEqual(self.build('--target', device)['targets'][0]['device'], expected)
        self.refuses('UUID=none', arguments=['--target', 'UUID=none'])
        self.refuses('/dev/vdq', arguments=['--target', '/dev/vdq'])
        self.refuses('UUID=…', arguments=['--target', 'vda1'])

    def test_target_from_mounts(self):
        for path, block, resolved, options in [
                ('/any/where', 'vda1', '/any/where', ''), ('/bound', 'vda1', '/srv/a b', ''),
                ('/bound/deep', 'vda1', '/srv/a b/deep', ''),
                ('/bounded', 'vda1', '/bounded', ''),
                ('/butter/crash', 'vdc', '/x/crash', 'subvol=/@')]:
            write(self.config, f'[target]\npath = {path}\n')
            target = self.build()['targets'][0]
            self.assertEqual((target['block'], target['path'], target['options']),
                             (block, resolved, options))
        write(self.config, '[target]\npath = /tmpfs/crash\n')
        self.refuses('is on tmpfs')
        write(self.config, '[target]\npath = /gone/crash\n')
        self.refuses('dev/block/254:9')

    def test_two_devices_of_one_uuid(self):
        """A clone, or a btrfs over two disks: whichever way the target was named."""
        for name in ['vda1', 'vdc']:
            self.scratch()
            self.build('--target', '/dev/' + name)
            subprocess.run(['cp', '--sparse=always', f'{self.root}/dev/{name}',
                            f'{self.root}/dev/vdd'], check=True)
            self.refuses('carry it', 'vdd', arguments=['--target', '/dev/' + name])
        write(f'{self.root}/etc/kdump.conf', '[target]\npath = /butter\n')
        self.refuses('carry it', 'vdd')

    def test_several_targets(self):
        """In the order of the file, then the boot file system, unless that is one of them already."""
        write(self.config, '[target]\ndevice = UUID=ABCD-1234\n[target spare]\ndevice = /dev/vdc\n'
              'path = /dumps\noptions = subvol=/x\n[target last]\ndevice = /dev/vdd\ntype = raw\n')
        self.run_kdump()
        done = self.run_kdump('--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        shape = json.loads(done.stdout)
        self.assertEqual([(t['name'], t['block'], t['type'], t['path']) for t in shape['targets']],
                         [('', 'vdb', 'vfat', '/var/crash'), ('spare', 'vdc', 'btrfs', '/dumps'),
                          ('last', 'vdd', 'raw', '/var/crash'), ('boot', 'vda1', 'ext4', '/var/crash')])
        names = self.names(shape)
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({'vfat', 'btrfs', 'ext4', 'virtio_blk'}, set(names))
        text = {e[0]: e[6] for e in self.entries()}['etc/kdump.conf'].decode()
        places = [text.index(part) for part in
                  ['[target]\ndevice = UUID=ABCD-1234\n', f'[target spare]\ndevice = UUID={UUID.replace("1", "9")}\n',
                   '[target last]\ndevice = /dev/vdd\n', f'[target boot]\ndevice = UUID={UUID}\n']]
        self.assertEqual(places, sorted(places))
        # The image's own configuration is one that can be read: the same targets again.
        write(self.config, text)
        done = self.run_kdump('--json')
        self.assertEqual(json.loads(done.stdout)['targets'], shape['targets'])
        # What cannot be had is left out with its reason, until nothing is left.
        write(self.config, '[target]\ndevice = LABEL=gone\n[target spare]\ndevice = /dev/vdb\n'
              '[capture]\nfallback = none\n')
        done = self.run_kdump('--json')
        self.assertIn('[target] is left out: ', done.stderr)
        self.assertIn('LABEL=gone', done.stderr)
        self.assertEqual([(t['name'], t['block']) for t in json.loads(done.stdout)['targets']], [('spare', 'vdb')])
        # The next keeps its name, and the one that is gone does not come back as a default.
        self.run_kdump()
        text = {e[0]: e[6] for e in self.entries()}['etc/kdump.conf'].decode()
        self.assertTrue(text.startswith('[target spare]\ndevice = UUID=ABCD-1234\n'), text)
        self.assertNotIn('[target]', text)
        write(self.config, '[target]\ndevice = LABEL=gone\n[target spare]\ndevice = /dev/vdq\n')
        done = self.run_kdump()
        self.assertEqual(done.returncode, 1)
        self.assertIn('kdump: target: LABEL=gone', done.stderr)

    def test_boot_file_system_below_another(self):
        """Where something else is mounted over /var, the last resort is a folder that is not hidden."""
        self.scratch()
        with open(f'{self.root}/proc/self/mountinfo', 'a', encoding='ascii') as file:
            file.write('25 20 254:3 / /var rw - vfat /dev/vdb rw\n')
        self.config = f'{self.root}/etc/kdump.conf'
        link('../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/virtio1/block/vdb',
             f'{self.root}/sys/dev/block/254:3')
        shape = self.build()
        self.assertEqual([(t['block'], t['path']) for t in shape['targets']],
                         [('vdb', '/crash'), ('vda1', '/crash')])

    def member(self, name, superblock_at=4096):
        """A disk with an md superblock of version 1 (include/uapi/linux/raid/md_p.h)."""
        block = bytearray(256)
        block[0:8] = (0xa92b4efc).to_bytes(4, 'little') + (1).to_bytes(4, 'little')
        block[16:32] = bytes(range(16))
        block[72:76] = (1).to_bytes(4, 'little')
        block[144:152] = (superblock_at // 512).to_bytes(8, 'little')
        csum = sum(int.from_bytes(block[i:i + 4], 'little') for i in range(0, 256, 4))
        block[216:220] = ((csum & 0xffffffff) + (csum >> 32)).to_bytes(4, 'little')
        with open(f'{self.root}/dev/{name}', 'wb') as disk:
            disk.truncate(2 << 20)  # libblkid looks for no array on a floppy disk
            disk.seek(superblock_at)
            disk.write(block)

    def stack(self, name, slaves, attributes):
        folder = f'{self.root}/sys/devices/virtual/block/{name}'
        os.makedirs(f'{folder}/slaves')
        for slave in slaves:
            link(f'../../{slave}', f'{folder}/slaves/{slave}')
        for attribute, value in attributes.items():
            write(f'{folder}/{attribute}', value + '\n')
        if not os.path.exists(f'{self.root}/sys/class/block/{name}'):
            link(os.path.relpath(folder, f'{self.root}/sys/class/block'),
                 f'{self.root}/sys/class/block/{name}')
        write(f'{folder}/size', '2048\n')
        write(f'{self.root}/dev/{name}', b'\0' * 4096)

    def assembly(self):
        return {e[0]: e[6] for e in self.entries()}['etc/kdump/assembly'].decode()

    def test_stacks(self):
        """A logical volume on an array on two disks, and what cannot be put together again."""
        self.scratch()
        self.config = f'{self.root}/etc/kdump.conf'
        write(self.config, '[capture]\nfallback = none\n')
        for name in ['vdb', 'vdd']:
            self.member(name)
        self.stack('md1', ['vdb', 'vdd'], {'md/level': 'raid1', 'md/metadata_version': '1.2',
                                           'md/raid_disks': '2'})
        self.stack('dm-3', ['md1'], {'dm/uuid': 'LVM-x', 'dm/name': 'my--vg-crash--dumps'})
        os.rename(f'{self.root}/dev/vda1', f'{self.root}/dev/dm-3')
        self.refuses('no module for', 'dm_mod', 'md_mod', 'md-raid1', arguments=['--target', '/dev/dm-3'])
        MODULES.update({'dm-mod': ('drivers/md', [], [], []), 'md-mod': ('drivers/md', [], [], []),
                        'raid1': ('drivers/md', [], [], ['alias=md-raid1'])})
        self.addCleanup(lambda: [MODULES.pop(name) for name in ['dm-mod', 'md-mod', 'raid1']])
        build_modules(self.root)
        self.refuses('/usr/sbin/lvm', arguments=['--target', '/dev/dm-3'])
        assemble('.globl _start\n_start: hlt\n.section .note.GNU-stack,"",@progbits\n',
                 f'{self.root}/lvm', '-static')
        os.makedirs(f'{self.root}/usr/sbin')
        os.rename(f'{self.root}/lvm', f'{self.root}/usr/sbin/lvm')
        shape = self.build('--target', '/dev/dm-3')
        self.assertEqual(self.assembly(), '0 md 00010203-0405-0607-0809-0a0b0c0d0e0f 1.2 2\n'
                         '0 lvm my-vg/crash-dumps\n')
        self.assertLessEqual({'dm_mod', 'md_mod', 'raid1', 'virtio_blk', 'ext4'},
                             {name.replace('-', '_') for name in self.names(shape)})
        self.assertIn('usr/sbin/lvm', [e[0] for e in self.entries()])
        # A partition of the array.
        os.makedirs(f'{self.root}/sys/devices/virtual/block/md1/md1p1')
        link('../../devices/virtual/block/md1/md1p1', f'{self.root}/sys/class/block/md1p1')
        os.rename(f'{self.root}/dev/dm-3', f'{self.root}/dev/md1p1')
        self.build('--target', '/dev/md1p1')
        self.assertEqual(self.assembly().count('\n'), 1)
        # Metadata of a firmware's, a volume on hidden volumes, something that lies on itself.
        folder = f'{self.root}/sys/devices/virtual/block'
        os.rename(f'{self.root}/dev/md1p1', f'{self.root}/dev/md1')
        write(f'{folder}/md1/md/metadata_version', 'external:imsm\n')
        self.refuses('software RAID', arguments=['--target', '/dev/md1'])
        os.rename(f'{self.root}/dev/md1', f'{self.root}/dev/dm-3')
        link('../../dm-0', f'{folder}/dm-3/slaves/dm-0')
        self.refuses('not linear or striped', arguments=['--target', '/dev/dm-3'])
        os.unlink(f'{folder}/dm-3/slaves/dm-0')
        write(f'{folder}/md1/md/metadata_version', '1.2\n')
        self.stack('zmd', ['vdb', 'zmd'], {'md/level': 'raid1', 'md/metadata_version': '1.2',
                                           'md/raid_disks': '2'})
        link('../../zmd', f'{folder}/md1/slaves/zmd')
        self.refuses('lies on itself', arguments=['--target', '/dev/dm-3'])

    def test_hooks(self):
        """Programs with their loader and libraries; scripts with their interpreter."""
        self.scratch()
        self.config = f'{self.root}/etc/kdump.conf'
        end = '\n.section .note.GNU-stack,"",@progbits\n'
        lib, bin_ = f'{self.root}/usr/lib', f'{self.root}/opt/bin'
        os.makedirs(lib)
        os.makedirs(bin_)
        os.makedirs(f'{self.root}/opt/lib')
        assemble('.globl deep\ndeep: ret' + end, f'{lib}/libdeep.so', '-shared', '-Wl,-soname,libdeep.so')
        assemble('.globl near\nnear: call deep@PLT' + end, f'{self.root}/opt/lib/libnear.so', '-shared',
                 '-Wl,-soname,libnear.so', '-Wl,--no-as-needed', '-L', lib, '-ldeep')
        assemble('.globl _start\n_start: call near@PLT' + end, f'{bin_}/tool', '-pie', '-Wl,--dynamic-linker=/lib64/ld.so',
                 '-Wl,-rpath,$ORIGIN/../lib', '-Wl,-rpath-link,' + lib, '-Wl,--no-as-needed', '-L', f'{self.root}/opt/lib', '-lnear')
        write(f'{self.root}/lib64/ld.so', read(f'{self.root}/capture'))
        write(f'{self.root}/bin/sh', read(f'{self.root}/capture'))
        write(f'{self.root}/opt/script', '#! /bin/sh -e\n:\n')
        for path in ['lib64/ld.so', 'bin/sh', 'opt/script']:
            os.chmod(f'{self.root}/{path}', 0o755)
        write(self.config, '[hooks]\nbefore = /opt/bin/tool --now\nafter = /opt/script\n')
        self.build()
        added = {e[0]: e for e in self.entries()}
        for path, source in [('opt/bin/tool', 'opt/bin/tool'), ('lib64/ld.so', 'lib64/ld.so'),
                             ('lib/kdump/libnear.so', 'opt/lib/libnear.so'), ('bin/sh', 'bin/sh'),
                             ('lib/kdump/libdeep.so', 'usr/lib/libdeep.so'), ('opt/script', 'opt/script')]:
            self.assertEqual((added[path][1], added[path][6]), (0o100755, read(f'{self.root}/{source}')))
        whole = read(f'{bin_}/tool')
        for cut in [*range(0, 400, 41), *range(400, len(whole), 997)]:
            write(f'{bin_}/tool', whole[:cut])
            done = self.run_kdump()
            self.assertIn(done.returncode, (0, 1))
            self.assertLessEqual(done.stderr.count('\n'), 1)
        for at in range(0, 1200, 29):
            write(f'{bin_}/tool', whole[:at] + b'\xff' + whole[at + 1:])
            done = self.run_kdump()
            self.assertIn(done.returncode, (0, 1))
        write(f'{bin_}/tool', whole)
        os.unlink(f'{lib}/libdeep.so')
        self.refuses('hook', 'libdeep.so', 'not found')
        os.chmod(f'{bin_}/tool', 0o644)
        self.refuses('not executable')
        for script, why in [('#!/usr/bin/env python3\n', 'env(1)'), ('#!sh\n', 'no interpreter'),
                            ('#!/bin/none\n', '/bin/none'),
                            ('echo\n', 'neither')]:
            write(self.config, '[hooks]\nafter = /opt/script\n')
            write(f'{self.root}/opt/script', script)
            self.refuses(why)

    def test_out_of_reach(self):
        for device, why in [('dm-0', 'LVM'), ('dm-1', 'encrypted'), ('md0', 'RAID'),
                            ('loop0', 'loop')]:
            self.refuses(why, arguments=['--target', '/dev/' + device])

    def test_raw(self):
        write(self.config, '[target]\ndevice = /dev/vdd\ntype = raw\n')
        done = self.run_kdump('--json')
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)['targets'][0]['device'], '/dev/vdd')
        self.assertIn('has no UUID', done.stderr)
        self.assertIn('a partition can be named by its PARTUUID', done.stderr)
        write(self.config, '[target]\ndevice = /dev/vdb\ntype = raw\n')
        done = self.run_kdump()
        self.assertEqual(done.returncode, 1)
        self.assertIn('would destroy', done.stderr)
        write(self.config, '[target]\ndevice = /dev/vdb\ntype = ext4\n')
        self.refuses('holds vfat')
        self.refuses('no file system', arguments=['--target', '/dev/vdd', '--config', '/dev/null'])

    def test_nvme_multipath(self):
        """The disk's node hangs on nothing; its controllers are links in the subsystem's folder."""
        self.scratch()
        Initramfs.pristine, keep = self.root, self.pristine
        try:
            controller = f'{self.root}/sys/devices/pci0000:00/0000:00:05.0'
            self.bind(controller, 'nvme', 'nvme', 'pci:v0d0sv0sd0bc01sc08i02')
            os.makedirs(f'{controller}/nvme/nvme0')
            subsystem = f'{self.root}/sys/devices/virtual/nvme-subsystem/nvme-subsys0'
            self.block(f'{subsystem}/nvme0n1', '259:0')
            link(f'{controller}/nvme/nvme0', f'{subsystem}/nvme0')
        finally:
            Initramfs.pristine = keep
        os.rename(f'{self.root}/dev/vda1', f'{self.root}/dev/nvme0n1')
        names = self.names(self.build('--target', '/dev/nvme0n1'))
        self.assertLess(names.index('nvme_core'), names.index('nvme'))
        self.assertNotIn('virtio_blk', names)

    def test_capture_program(self):
        self.scratch()
        capture = f'{self.root}/capture'
        whole = read(capture)
        for content in [b'', b'#!/bin/sh\n', whole[:40], whole[:70]]:
            write(capture, content)
            self.refuses('capture program')
        assemble('.globl _start\n_start: hlt\n.section .note.GNU-stack,"",@progbits\n', capture,
                 '-pie', '-Wl,--dynamic-linker=/lib/ld.so')
        self.refuses('is linked dynamically')
        os.unlink(capture)
        self.refuses('capture program')

    def test_rescue_shell(self):
        """Nothing of it in an image that nobody wants a shell of; else its programs, and its modules on a list of their own."""
        capture, view = f'{self.root}/capture', f'{self.root}/view'
        shutil.copy(capture, view)
        self.addCleanup(os.unlink, view)
        programs = ['--busybox', capture, '--view-program', view]
        self.assertIsNone(self.build(*programs)['rescue'])
        self.assertEqual([name for name, *_ in self.entries() if 'bin' in name or 'fuse' in name or 'rescue' in name], [])
        for setting in ['rescue_timeout = 5', 'final_action = shell', 'failure_action = shell']:
            write(self.config, f'[capture]\n{setting}\n')
            shape = self.build(*programs)
            files = {name: content for name, *_, content in self.entries()}
            module, = files['etc/kdump/rescue-modules'].decode().split()
            self.assertTrue(module.endswith('/fs/fuse/fuse.ko'))
            self.assertNotIn('fuse', files['etc/kdump/modules'].decode())
            self.assertEqual((files['bin/busybox'], files['bin/kdump-view']), (read(capture), read(view)))
            self.assertEqual(shape['rescue'], {'busybox_bytes': len(read(capture)), 'view_bytes': len(read(view)),
                                               'module_bytes': len(files[module[1:]])})
            self.assertIn(setting, files['etc/kdump.conf'].decode())
        self.assertIn("KiB of the second kernel's memory", self.run_kdump(*programs).stdout)
        self.refuses('rescue shell', 'busybox-static', 'no-busybox', arguments=['--busybox', f'{self.root}/no-busybox', '--view-program', view])
        self.refuses('rescue shell', 'no-view', arguments=['--busybox', capture, '--view-program', f'{self.root}/no-view'])
        write(self.config, '[capture]\nrescue_timeout = 3601\n')
        self.refuses('rescue_timeout', 'from 0 to 3600 seconds', arguments=programs)

    def test_list(self):
        self.build()
        done = subprocess.run([KDUMP, 'initramfs', '--list', self.output, '--json'], text=True,
                              capture_output=True, check=True)
        self.assertEqual([(e['path'][1:], int(e['mode'], 8), e['bytes'])
                          for e in json.loads(done.stdout)],
                         [(e[0], e[1], len(e[6])) for e in self.entries()])
        whole = read(self.output)
        for cut in [0, 1, 10, len(whole) // 2, len(whole) - 1]:
            write(self.output, whole[:cut])
            done = subprocess.run([KDUMP, 'initramfs', '--list', self.output], text=True,
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 1, cut)
            self.assertEqual(done.stderr.count('\n'), 1)

    def test_usage(self):
        self.refuses('no such option', arguments=['--frobnicate'], code=2)
        self.refuses('unexpected', arguments=['extra'], code=2)
        self.refuses('kdump.conf:2:', 'did you mean path?', arguments=['--config', self.bad()])
        os.unlink(self.config)
        self.refuses('/nonexistent', arguments=['--config', '/nonexistent'])
        self.refuses('/nonexistent', arguments=['-o', '/nonexistent/x'])

    def bad(self):
        write(self.config, '[target]\npaht = /x\n')
        return self.config


unittest.main(argv=sys.argv[:1])
