# The Iperf protocol: library, reference pair, conformance checker. `make help` lists the targets.
# Nothing is written outside $(BUILD), except by install.

CC      ?= cc
RAGEL   ?= ragel
AWK     ?= awk
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
Q       := $(if $(filter 0,$(V)),@)

# One folder for each compiler and for sanitizers, so that their objects never mix.
BUILD   ?= build$(if $(filter-out cc gcc,$(CC)),/$(CC))$(if $(SAN),/san)

VERSION := 0.1.0
SOVERSION := 0

CFLAGS  ?= -O2 -g
LDFLAGS ?=
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
san     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANFLAG := $(if $(SAN),$(san))
cflags   = -std=gnu11 -D_GNU_SOURCE -DIPERF_VERSION='"$(VERSION)"' -I. -I$(BUILD) $(WARN) \
	   $(harden) $(CFLAGS) $(SANFLAG) -fPIC -MMD -MP
link     = $(CC) $(harden) $(CFLAGS) $(SANFLAG) -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)
program  = $(link) -pie

# What makes errors in memory hard to use, as far as the compiler knows it. _FORTIFY_SOURCE wants optimisation, and no
# sanitizer beside it; who builds with a level of his own keeps that.
known    = $(shell $(CC) -Werror $(1) -c -x c -o /dev/null /dev/null 2>/dev/null && echo $(1))
fortify := $(if $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS)))),\
	   $(if $(SAN)$(findstring _FORTIFY_SOURCE,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
harden  := -fstack-protector-strong $(fortify) \
	   $(foreach flag,-fstack-clash-protection -fcf-protection -mbranch-protection=standard,$(call known,$(flag)))
# A program that is to write how much of it was run cannot be in a sandbox.
harden  += $(if $(filter --coverage -fprofile-%,$(CFLAGS)),-DIPERF_SANDBOX=0)
$(BUILD)/fuzz/%: harden := # has engines and sanitizers of its own

# Sources: every file of a folder. noun_test.c is a test program of its own; testnoun.c is what such programs share.
sources  = $(filter-out %_test.c $(1)/test%.c,$(wildcard $(1)/*.c))
shared   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/test*.c))
objects  = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
ragel_o  = $(patsubst %.rl,$(BUILD)/%.o,$(wildcard $(1)/*.rl))
proto_o  := $(call objects,proto) $(call ragel_o,proto) $(BUILD)/iperf-requirements.o
ref_o    := $(call objects,ref)
conf_o   := $(call objects,conformance) $(call ragel_o,conformance)
tests    := $(patsubst %.c,$(BUILD)/%,$(wildcard proto/*_test.c ref/*_test.c conformance/*_test.c))

lib_a    := $(BUILD)/libiperf-proto.a
lib_so   := $(BUILD)/libiperf-proto.so.$(SOVERSION)
programs := $(BUILD)/iperf-ref $(BUILD)/iperf-conform
peer     := $(BUILD)/iperf-peer
stress   := $(BUILD)/iperf-stress

.SECONDARY: # objects are kept, also where only a test needs them
.PHONY: all
all: $(lib_a) $(lib_so) $(programs) $(peer) $(stress) $(BUILD)/iperf-proto.pc $(BUILD)/iperf-ref.service

$(BUILD)/iperf-requirements.h: SPEC.md proto/requirements.awk
	@mkdir -p $(@D)
	$(Q)$(AWK) -v form=h -f proto/requirements.awk SPEC.md >$@.tmp
	$(Q)if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi # what is unchanged makes nothing anew
$(BUILD)/iperf-requirements.c: SPEC.md proto/requirements.awk
	@mkdir -p $(@D)
	$(Q)$(AWK) -v form=c -f proto/requirements.awk SPEC.md >$@.tmp && mv $@.tmp $@

$(BUILD)/%.c: %.rl
	@mkdir -p $(@D)
	$(Q)$(RAGEL) -G2 -o $@ $<
$(BUILD)/proto/%.o: $(BUILD)/proto/%.c | $(BUILD)/iperf-requirements.h
	@echo "  CC $@"
	$(Q)$(CC) $(cflags) -Wno-implicit-fallthrough -c -o $@ $<
$(BUILD)/conformance/%.o: $(BUILD)/conformance/%.c | $(BUILD)/iperf-requirements.h
	@echo "  CC $@"
	$(Q)$(CC) $(cflags) -Wno-implicit-fallthrough -c -o $@ $<
$(BUILD)/%.o: %.c | $(BUILD)/iperf-requirements.h
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(CC) $(cflags) -c -o $@ $<
$(BUILD)/iperf-requirements.o: $(BUILD)/iperf-requirements.c $(BUILD)/iperf-requirements.h
	$(Q)$(CC) $(cflags) -c -o $@ $<

$(lib_a): $(proto_o)
	@echo "  AR $@"
	$(Q)rm -f $@ && ar rcs $@ $^
$(lib_so): $(proto_o)
	@echo "  LD $@"
	$(Q)$(link) -shared -Wl,-soname,$(notdir $@) -o $@ $^ $(shell pkg-config --libs jansson)
	$(Q)ln -sf $(notdir $@) $(BUILD)/libiperf-proto.so

$(BUILD)/iperf-ref: $(ref_o) $(lib_a)
	@echo "  LD $@"
	$(Q)$(program) -pthread -o $@ $^ $(shell pkg-config --libs libuv jansson libseccomp)
# Failed allocations are noted: conformance/shortage.h.
, := ,
noted    := $(patsubst %,-Wl$(,)--wrap=%,malloc calloc realloc strdup strndup asprintf vasprintf \
	      __asprintf_chk __vasprintf_chk fopen getline __getdelim open_memstream \
	      socket accept4 pipe pipe2 memfd_create pidfd_open pcap_fopen_offline_with_tstamp_precision)
$(BUILD)/iperf-conform: $(conf_o) $(lib_a)
	@echo "  LD $@"
	$(Q)$(program) $(noted) -o $@ $^ $(shell pkg-config --libs libpcap jansson) -lm

$(peer): $(call objects,conformance/peer) # a second implementation, which shares nothing with the first
	@echo "  LD $@"
	$(Q)$(program) -o $@ $^

$(stress): $(call objects,conformance/stress) # bad networks and strangers, for tests
	@echo "  LD $@"
	$(Q)$(program) -o $@ $^

# Made again each time: PREFIX may be another than before.
.PHONY: $(BUILD)/iperf-proto.pc $(BUILD)/iperf-ref.service
$(BUILD)/iperf-proto.pc: proto/iperf-proto.pc.in
$(BUILD)/iperf-ref.service: ref/iperf-ref.service.in
$(BUILD)/iperf-proto.pc $(BUILD)/iperf-ref.service:
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

# A test program has the objects of its folder, without the one that holds main.
$(BUILD)/proto/%_test: $(BUILD)/proto/%_test.o $(call shared,proto) $(lib_a)
	$(Q)$(program) -o $@ $^ $(shell pkg-config --libs cmocka jansson)
$(BUILD)/conformance/%_test: $(BUILD)/conformance/%_test.o $(call shared,conformance) $(filter-out %/main.o,$(conf_o)) $(lib_a)
	$(Q)$(program) -o $@ $^ $(shell pkg-config --libs cmocka libpcap jansson) -lm
$(BUILD)/ref/%_test: $(BUILD)/ref/%_test.o $(call shared,ref) $(filter-out %/main.o,$(ref_o)) $(lib_a)
	$(Q)$(program) -pthread -o $@ $^ $(shell pkg-config --libs cmocka libuv jansson libseccomp)

# --- tests ----------------------------------------------------------------------------------------------------------

scripts  := $(wildcard proto/*_check.sh ref/*_check.sh conformance/*_check.sh)
wrapper  := $(if $(VALGRIND),valgrind -q --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes)
jobs      = $(if $(filter -j%,$(MAKEFLAGS)),,-j2)

.PHONY: check test demo bench deps pcaps install uninstall clean help
check: ## install what is missing, build, and run every test
	$(Q).ci/deps build check
	$(Q)$(MAKE) $(jobs) --no-print-directory test

test: all $(tests) ## build and run every test; installs nothing
	$(Q)BUILD=$(BUILD) IPERF_TEST_WRAPPER='$(wrapper)' .ci/tests $(BUILD)/logs $(tests) $(scripts)

demo: ## watch tests, with iperf3 too, captured and checked
	$(Q).ci/deps build demo
	$(Q)$(MAKE) $(jobs) --no-print-directory all
	$(Q)BUILD=$(BUILD) conformance/demo.sh

bench: ## speed beside iperf3 and tcpdump, as ratios
	$(Q).ci/deps build bench
	$(Q)$(MAKE) $(jobs) --no-print-directory all
	$(Q)BUILD=$(BUILD) conformance/bench.sh

deps: ## install all that any target needs, and nothing else
	$(Q).ci/deps build demo check bench ci pcaps fuzz coverage

pcaps: ## make the captures of pcaps/ anew
	$(Q).ci/deps build pcaps
	$(Q)$(MAKE) $(jobs) --no-print-directory all
	$(Q)BUILD=$(BUILD) pcaps/make.py

# --- fuzzing and coverage -------------------------------------------------------------------------------------------

include proto/coverage.mk
include fuzz/fuzz.mk
scripts  += $(wildcard fuzz/*_check.sh)
# What there is to fuzz with is asked only where it matters.
test: $(if $(filter test,$(MAKECMDGOALS)),$(fuzz_checked)) $(BUILD)/fuzz/faults.so

# --- installing -----------------------------------------------------------------------------------------------------

headers  := $(filter-out %_private.h %_test.h $(wildcard proto/test*.h),$(wildcard proto/*.h)) $(BUILD)/iperf-requirements.h
manuals  := ref/iperf-ref.1 conformance/iperf-conform.1
manuals5 := conformance/iperf-case.5
cases    := share/iperf-conform/cases
expected := share/iperf-conform/expectations
to       := $(DESTDIR)$(PREFIX)

install: all ## install to $(DESTDIR)$(PREFIX)
	install -d $(to)/bin $(to)/lib/pkgconfig $(to)/include/iperf-proto/proto $(to)/share/man/man1
	install -m 755 $(programs) $(to)/bin
	install -m 644 $(lib_a) $(to)/lib
	install -m 755 $(lib_so) $(to)/lib
	ln -sf $(notdir $(lib_so)) $(to)/lib/libiperf-proto.so
	install -m 644 $(BUILD)/iperf-proto.pc $(to)/lib/pkgconfig
	install -d $(to)/lib/systemd/system
	install -m 644 $(BUILD)/iperf-ref.service $(to)/lib/systemd/system
	install -m 644 $(filter proto/%,$(headers)) $(to)/include/iperf-proto/proto
	install -m 644 $(filter-out proto/%,$(headers)) $(to)/include/iperf-proto
	install -d $(to)/share/man/man5
	install -m 644 $(manuals) $(to)/share/man/man1
	install -m 644 $(manuals5) $(to)/share/man/man5
	cd conformance/cases && find . -type f -exec install -D -m 644 {} $(abspath $(to))/$(cases)/{} \;
	install -d $(to)/$(expected)
	install -m 644 conformance/expectations/* $(to)/$(expected)

uninstall: ## remove what install put there
	rm -f $(addprefix $(to)/bin/,$(notdir $(programs))) $(addprefix $(to)/share/man/man1/,$(notdir $(manuals)))
	rm -f $(to)/lib/$(notdir $(lib_a)) $(to)/lib/$(notdir $(lib_so)) $(to)/lib/libiperf-proto.so
	rm -f $(to)/lib/pkgconfig/iperf-proto.pc $(to)/lib/systemd/system/iperf-ref.service
	rm -f $(addprefix $(to)/share/man/man5/,$(notdir $(manuals5)))
	rm -rf $(to)/include/iperf-proto $(to)/share/iperf-conform

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  with SAN=1 (ASan, UBSan), VALGRIND=1, CC=clang, V=1 (show commands), PREFIX=, DESTDIR="

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
