# SPDX-License-Identifier: BSD-2-Clause
# hvstat, the performance monitor in the root partition: the program, its library, its tests, its package.

HVSTAT        := $(BUILD)/hvstat
HVSTAT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -I.
HVSTAT_LIBS   := -lmicrohttpd -lncursesw -ltinfo -lm -pthread

HVSTAT_LIB_SRCS := $(wildcard hvstat/lib/*.c)
HVSTAT_SRCS     := $(filter-out hvstat/notls.c,$(wildcard hvstat/*.c))
HVSTAT_OBJS     := $(HVSTAT_SRCS:%.c=$(HVSTAT)/obj/%.o)
HVSTAT_LIB_OBJS := $(HVSTAT_LIB_SRCS:%.c=$(HVSTAT)/obj/%.o)

.PHONY: hvstat hvstat-deb check-hvstat check-hvstat-tools
hvstat: deps ## the performance monitor for the root partition: build/hvstat/hvstat, and hvstat-static that needs no library
	@$(MAKE) --no-print-directory $(HVSTAT)/hvstat $(HVSTAT)/hvstat-static

$(HVSTAT)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(HVSTAT_CFLAGS) -MMD -MP -c $< -o $@
$(HVSTAT)/libhvstat.a: $(HVSTAT_LIB_OBJS)
	@rm -f $@
	@$(AR) rcs $@ $^
$(HVSTAT)/hvstat: $(HVSTAT_OBJS) $(HVSTAT)/libhvstat.a
	@echo "  LD    $@"
	@$(CC) $(HVSTAT_CFLAGS) $^ $(HVSTAT_LIBS) -o $@
# Debian's libmicrohttpd is made with GnuTLS, which has no static library: see hvstat/notls.c.
$(HVSTAT)/hvstat-static: $(HVSTAT_OBJS) $(HVSTAT)/obj/hvstat/notls.o $(HVSTAT)/libhvstat.a
	@echo "  LD    $@"
	@$(CC) $(HVSTAT_CFLAGS) -static $^ $(HVSTAT_LIBS) -o $@
-include $(HVSTAT_OBJS:.o=.d) $(HVSTAT_LIB_OBJS:.o=.d)

hvstat-deb: hvstat ## the monitor as a Debian package: build/hvstat/hvstat_*.deb
	@hvstat/deb/build.sh

# ---- Tests ----

HVSTAT_TEST_SRCS := $(filter-out %/mktree.c %/scale.c %/fuzz.c,$(wildcard tests/hvstat/*.c)) $(HVSTAT_LIB_SRCS) \
	$(filter-out hvstat/main.c,$(HVSTAT_SRCS))
HVSTAT_TEST_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(WARN) -I.

define HVSTAT_TEST_RULES
HVSTAT_TEST_OBJS_$(1) := $$(HVSTAT_TEST_SRCS:%.c=$(HVSTAT)/test-$(1)/%.o)
$(HVSTAT)/test-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@$(1) $(HVSTAT_TEST_CFLAGS) -MMD -MP -c $$< -o $$@
$(HVSTAT)/unit-$(1): $$(HVSTAT_TEST_OBJS_$(1))
	@$(1) $(HVSTAT_TEST_CFLAGS) $$^ $(HVSTAT_LIBS) -o $$@
-include $$(HVSTAT_TEST_OBJS_$(1):.o=.d)
endef
$(foreach compiler,$(HOST_COMPILERS),$(eval $(call HVSTAT_TEST_RULES,$(compiler))))

$(HVSTAT)/mktree $(HVSTAT)/scale: $(HVSTAT)/%: $(HVSTAT)/obj/tests/hvstat/%.o $(HVSTAT)/obj/tests/hvstat/tree.o \
		$(HVSTAT)/libhvstat.a
	@$(CC) $(HVSTAT_CFLAGS) $^ -lm -o $@

HVSTAT_FUZZED := $(HVSTAT_LIB_SRCS) $(addprefix hvstat/,paths.c recording.c recording_file.c text.c) tests/hvstat/fuzz.c
HVSTAT_FUZZ_OBJS := $(HVSTAT_FUZZED:%.c=$(HVSTAT)/test-fuzz/%.o)
HVSTAT_FUZZ_CFLAGS := $(HVSTAT_TEST_CFLAGS) -fsanitize=fuzzer
$(HVSTAT)/test-fuzz/%.o: %.c
	@mkdir -p $(@D)
	@clang $(HVSTAT_FUZZ_CFLAGS) -MMD -MP -c $< -o $@
$(HVSTAT)/fuzz: $(HVSTAT_FUZZ_OBJS)
	@clang $(HVSTAT_FUZZ_CFLAGS) $^ -lm -o $@
-include $(HVSTAT_FUZZ_OBJS:.o=.d)

# The tests need more than the build does: what cannot be installed is skipped, and said to be.
HVSTAT_CHECKED := $(HVSTAT)/hvstat $(HVSTAT)/hvstat-static $(HVSTAT)/mktree
check-hvstat: deps ## tests of the performance monitor: on made-up files, in a terminal, over HTTP, its packages
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(HVSTAT_CHECKED) $(HOST_COMPILERS:%=$(HVSTAT)/unit-%) $(HVSTAT)/fuzz
	@tests/hvstat/run.sh unit-gcc unit-clang commands top serve record package fuzz
check-hvstat-tools: deps ## the monitor with Debian's Prometheus, Chromium and pandas, and what a large machine costs
	@scripts/install-deps.sh prometheus chromium python3-pandas || echo "check-hvstat-tools: going on without"
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(HVSTAT_CHECKED) $(HVSTAT)/scale
	@tests/hvstat/run.sh prometheus browser pandas scale
