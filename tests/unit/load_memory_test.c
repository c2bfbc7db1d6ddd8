/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory as the loader sees it: /proc/iomem, maps of ranges, placing, the backup, the UART. */
#include "test.h"

#include "load_machine.h"

#include "load/backup.h"
#include "load/iomem.h"
#include "load/memory_map.h"
#include "load/placement.h"
#include "load/uart.h"

static const char big_machine[] = "00000000-00000fff : Reserved\n"
				  "00001000-0009fbff : System RAM\n"
				  "0009fc00-0009ffff : Reserved\n"
				  "000f0000-000fffff : Reserved\n"
				  "  000f0000-000fffff : System ROM\n"
				  "00100000-bffdffff : System RAM\n"
				  "  22400000-23201ef1 : Kernel code\n"
				  "  af000000-bf000000 : Crash kernel\n"
				  "bffe0000-bfffefff : ACPI Tables\n"
				  "bffff000-bfffffff : ACPI Non-volatile Storage\n"
				  "100000000-43fffffff : System RAM\n"
				  "  428000000-437ffffff : Crash kernel\n"
				  "440000000-47fffffff : System RAM (kmem)\n";

static struct kd_iomem parse(const char *text)
{
	struct kd_iomem iomem;
	struct kd_err err;

	assert_int_equal(kd_iomem_parse(text, &iomem, &err), KD_OK);
	return iomem;
}

static void test_iomem(void **state)
{
	struct kd_iomem iomem = parse(big_machine);
	const struct kd_iomem_range *code;
	struct kd_reservation reservation;
	size_t at = 0;

	assert_int_equal(iomem.count, 13);
	code = kd_iomem_next(&iomem, "Kernel code", &at);
	assert_non_null(code);
	assert_int_equal(code->start, 0x22400000);
	assert_int_equal(code->bytes, 0xe01ef2);
	assert_int_equal(code->depth, 1);
	assert_null(kd_iomem_next(&iomem, "Kernel code", &at));
	/* the higher one is where the second kernel goes */
	kd_iomem_reservation(&iomem, &reservation);
	assert_int_equal(reservation.start, 0x428000000);
	assert_int_equal(reservation.bytes, 0x10000000);
	assert_int_equal(reservation.low_start, 0xaf000000);
	kd_iomem_deinit(&iomem);

	iomem = parse("00100000-3fffffff : System RAM\n");
	kd_iomem_reservation(&iomem, &reservation);
	assert_int_equal(reservation.bytes, 0);
	kd_iomem_deinit(&iomem);
}

static void test_iomem_refuses(void **state)
{
	static const struct {
		const char *text;
		enum kd_status status;
	} cases[] = {
		{"00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n", KD_INVALID},
		{"", KD_INVALID},
		{"garbage\n", KD_CORRUPT},
		{"2000-1000 : backwards\n", KD_CORRUPT},
		{"0-ffffffffffffffff : everything\n", KD_CORRUPT},
		{"1000-1fff\n", KD_CORRUPT},
		{"zz-ff : x\n", KD_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_iomem iomem = {NULL, 12345};
		struct kd_err err;

		assert_int_equal(kd_iomem_parse(cases[i].text, &iomem, &err), cases[i].status);
		assert_int_equal(iomem.count, 12345); /* untouched */
	}
}

static void assert_ranges(const struct kd_memory_map *map, const struct kd_memory_range *expected,
			  size_t count)
{
	assert_int_equal(map->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(map->ranges[i].start, expected[i].start);
		assert_int_equal(map->ranges[i].bytes, expected[i].bytes);
		assert_int_equal(map->ranges[i].type, expected[i].type);
	}
}

static void test_map_add_and_cut(void **state)
{
	static const struct kd_memory_range expected[] = {
		{0x1000, 0x1000, 1}, {0x3000, 0x1000, 1}, {0x9000, 0x1000, 2}};
	struct kd_memory_map map = {0};
	struct kd_err err;

	assert_int_equal(kd_memory_map_add(&map, 0x9000, 0x1000, 2, &err), KD_OK);
	assert_int_equal(kd_memory_map_add(&map, 0x1000, 0x3000, 1, &err), KD_OK);
	assert_int_equal(kd_memory_map_add(&map, 0x5000, 0, 1, &err), KD_OK);
	assert_int_equal(kd_memory_map_add(&map, 0x3fff, 0x10, 1, &err), KD_INVALID);
	assert_int_equal(kd_memory_map_add(&map, 0x8000, 0x1001, 1, &err), KD_INVALID);
	assert_int_equal(kd_memory_map_add(&map, UINT64_MAX, 2, 1, &err), KD_INVALID);
	assert_int_equal(kd_memory_map_cut(&map, 0x2000, 0x1000, &err), KD_OK);
	assert_ranges(&map, expected, 3);
	assert_int_equal(kd_memory_map_cut(&map, 0, 0x100000, &err), KD_OK);
	assert_int_equal(map.count, 0);
	kd_memory_map_deinit(&map);
}

static void test_old_memory(void **state)
{
	static const struct kd_memory_range expected[] = {
		{0, KD_LOW_MEMORY_BYTES, KD_E820_RAM},
		{0x100000, 0xaf000000 - 0x100000, KD_E820_RAM},
		{0xbf000001, 0xbffe0000 - 0xbf000001, KD_E820_RAM},
		{0x100000000, 0x328000000, KD_E820_RAM},
		{0x438000000, 0x8000000, KD_E820_RAM},
		{0x440000000, 0x40000000, KD_E820_RAM},
	};
	struct kd_iomem iomem = parse(big_machine);
	struct kd_memory_map map;
	struct kd_err err;

	assert_int_equal(kd_memory_map_old(&iomem, &map, &err), KD_OK);
	assert_ranges(&map, expected, sizeof(expected) / sizeof(*expected));
	kd_memory_map_deinit(&map);
	kd_iomem_deinit(&iomem);
}

/* What /sys/kernel/kexec_crash_size gives back is listed within the range that it was taken from. */
static void test_old_memory_with_a_smaller_reservation(void **state)
{
	static const struct kd_memory_range expected[] = {
		{0, KD_LOW_MEMORY_BYTES, KD_E820_RAM},
		{0x100000, 0x31000000 - 0x100000, KD_E820_RAM},
		{0x34000000, 0x3ffd4000 - 0x34000000, KD_E820_RAM},
	};
	struct kd_iomem iomem = parse("00100000-3ffd3fff : System RAM\n"
				      "  31000000-33ffffff : Crash kernel\n"
				      "  34000000-38ffffff : System RAM\n"
				      "  39800000-3a601ef1 : Kernel code\n");
	struct kd_memory_map map;
	struct kd_err err;

	assert_int_equal(kd_memory_map_old(&iomem, &map, &err), KD_OK);
	assert_ranges(&map, expected, sizeof(expected) / sizeof(*expected));
	kd_memory_map_deinit(&map);
	kd_iomem_deinit(&iomem);
}

static void test_second_memory(void **state)
{
	const struct kd_memory_range keep[] = {{0x437000000, 0x1000, 0}, {0x436000000, 0xa0000, 0}};
	static const struct kd_memory_range expected[] = {
		{0, 0x1000, KD_E820_RESERVED},         {0x1000, 0x9ec00, KD_E820_RAM},
		{0x9fc00, 0x400, KD_E820_RESERVED},    {0xf0000, 0x10000, KD_E820_RESERVED},
		{0xaf000000, 0x10000001, KD_E820_RAM}, {0xbffe0000, 0x1f000, KD_E820_ACPI},
		{0xbffff000, 0x1000, KD_E820_NVS},     {0x428000000, 0xe000000, KD_E820_RAM},
		{0x4360a0000, 0xf60000, KD_E820_RAM},  {0x437001000, 0xfff000, KD_E820_RAM},
	};
	struct kd_iomem iomem = parse(big_machine);
	struct kd_memory_map map;
	struct kd_err err;

	assert_int_equal(kd_memory_map_second(&iomem, keep, 2, &map, &err), KD_OK);
	assert_ranges(&map, expected, sizeof(expected) / sizeof(*expected));
	kd_memory_map_deinit(&map);
	kd_iomem_deinit(&iomem);
}

static void test_placement(void **state)
{
	struct kd_placement placement;
	struct kd_err err;
	uint64_t paddr;

	kd_placement_init(&placement, 0x30100000, 64 << 20);
	assert_int_equal(kd_placement_low(&placement, "kernel", 1000, 2 << 20, &paddr, &err),
			 KD_OK);
	assert_int_equal(paddr, 0x30200000);
	assert_int_equal(kd_placement_high(&placement, "initrd", 5000, &paddr, &err), KD_OK);
	assert_int_equal(paddr, 0x34100000 - 8192);
	assert_int_equal(kd_placement_high(&placement, "initrd", 64 << 20, &paddr, &err),
			 KD_INVALID);
	assert_non_null(strstr(err.text, "of 64 MiB has no room for the initrd of 65536 KiB"));
	assert_true(placement.too_small);
	assert_int_equal(kd_placement_used(&placement), (1 << 20) + 4096 + 8192);
	assert_int_equal(paddr, 0x34100000 - 8192);
	assert_int_equal(kd_placement_low(&placement, "kernel", 70 << 20, 2 << 20, &paddr, &err),
			 KD_INVALID);

	kd_placement_init(&placement, 0x30000000, 64 << 20);
	assert_int_equal(kd_placement_fixed(&placement, "kernel", 0x30000000, 1 << 20, &err),
			 KD_OK);
	assert_int_equal(kd_placement_fixed(&placement, "kernel", 0x1000000, 16 << 20, &err),
			 KD_INVALID);
	assert_non_null(strstr(err.text, "must lie at 0x1000000-0x1ffffff"));
	assert_non_null(strstr(err.text, "crashkernel=64M@16M"));
}

static void put_flags(const struct machine *machine, unsigned int unreserved)
{
	uint64_t flags[160];
	char path[PATH_MAX];

	for (unsigned int i = 0; i < 160; i++)
		flags[i] = i == unreserved ? UINT64_C(1) << 5 : UINT64_C(1) << 32;
	assert(!kd_file_replace(kd_path(path, machine->proc, "kpageflags"), flags, sizeof(flags),
				0600, NULL));
}

static void test_backup(void **state)
{
	struct machine machine;
	struct kd_err err;
	bool back_up;

	machine_make(&machine);
	/* what cannot be told is backed up */
	assert_int_equal(kd_backup_decide(&machine.paths, KD_BACKUP_AUTO, &back_up, &err), KD_OK);
	assert_true(back_up);
	put_flags(&machine, 1000);
	assert_int_equal(kd_backup_decide(&machine.paths, KD_BACKUP_AUTO, &back_up, &err), KD_OK);
	assert_false(back_up);
	for (unsigned int page = 0; page < 160; page += 53) {
		put_flags(&machine, page);
		assert_int_equal(kd_backup_decide(&machine.paths, KD_BACKUP_AUTO, &back_up, &err),
				 KD_OK);
		assert_true(back_up);
	}
	assert_int_equal(kd_backup_decide(&machine.paths, KD_BACKUP_NEVER, &back_up, &err), KD_OK);
	assert_false(back_up);
	put_flags(&machine, 1000);
	assert_int_equal(kd_backup_decide(&machine.paths, KD_BACKUP_ALWAYS, &back_up, &err), KD_OK);
	assert_true(back_up);
	machine_destroy(&machine);
}

static void test_uart(void **state)
{
	struct kd_purgatory_uart uart;
	struct machine machine;

	machine_make(&machine);
	kd_uart_find(&machine.paths, &uart);
	assert_int_equal(uart.kind, KD_UART_NONE);
	machine_put(&machine, "proc/consoles",
		    "tty0                 -WU (EC  p  )    4:2\n"
		    "ttyS1                -W- (E   p a)    4:65\n");
	kd_uart_find(&machine.paths, &uart);
	assert_int_equal(uart.kind, KD_UART_NONE); /* nothing known of it */
	machine_put(&machine, "sys/class/tty/ttyS1/io_type", "0\n");
	machine_put(&machine, "sys/class/tty/ttyS1/port", "0x2F8\n");
	machine_put(&machine, "sys/class/tty/ttyS1/iomem_base", "0x0\n");
	machine_put(&machine, "sys/class/tty/ttyS1/iomem_reg_shift", "0\n");
	kd_uart_find(&machine.paths, &uart);
	assert_int_equal(uart.kind, KD_UART_PORT);
	assert_int_equal(uart.address, 0x2f8);
	machine_put(&machine, "sys/class/tty/ttyS1/io_type", "3\n");
	machine_put(&machine, "sys/class/tty/ttyS1/iomem_base", "0xFE032000\n");
	machine_put(&machine, "sys/class/tty/ttyS1/iomem_reg_shift", "2\n");
	kd_uart_find(&machine.paths, &uart);
	assert_int_equal(uart.kind, KD_UART_MEMORY32);
	assert_int_equal(uart.address, 0xfe032000);
	assert_int_equal(uart.register_step, 4);
	machine_destroy(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iomem),
		cmocka_unit_test(test_iomem_refuses),
		cmocka_unit_test(test_map_add_and_cut),
		cmocka_unit_test(test_old_memory),
		cmocka_unit_test(test_old_memory_with_a_smaller_reservation),
		cmocka_unit_test(test_second_memory),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_uart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
