# Fuzzing: `make fuzz` and what `make check` needs of it. Included by the Makefile.
#
# A target is fuzz/noun_fuzz.c. It is built into $(BUILD)/fuzz/ENGINE/noun, each engine with objects of its own:
#
#   plain      fuzz/main.c around it: takes files; with the flags of the build (SAN=1: sanitizers)
#   asan       the same, always with ASan and UBSan: what `make check` replays the corpora with
#   libfuzzer  clang's libFuzzer, with ASan and UBSan
#   fast       AFL++ in persistent mode, test cases in shared memory
#   cmplog     the same with CMPLOG, for a secondary instance
#   afl-asan   the same with ASan and UBSan, for another one
#   given      what the environment names in CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE: fuzz/oss-fuzz/build.sh

FUZZ_TIME ?= $(or $(TIME),60)
FUZZ_JOBS ?= $(or $(JOBS),$(shell nproc))
FUZZ_ONLY ?= $(ONLY)
AFL_CC    ?= afl-clang-fast
CLANG     ?= clang

fuzz_names    := $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c))
fuzz_engines  := plain asan libfuzzer fast cmplog afl-asan given
fuzz_conf_c   := case capture chunks connection_table decode direction pending reassembly
fuzz_lib_c    := $(call sources,proto) $(filter-out %_test.c,$(wildcard conformance/case_*.c)) \
		 $(fuzz_conf_c:%=conformance/%.c)
fuzz_gen_c    := $(patsubst %.rl,$(BUILD)/%.c,$(wildcard proto/*.rl conformance/*.rl)) $(BUILD)/iperf-requirements.c
fuzz_san      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

fuzz_cc_plain     := $(CC)
fuzz_flags_plain  := $(SANFLAG)
# Asked once, when it is first wanted, not by each make.
fuzz_cc_asan       = $(eval fuzz_cc_asan := $(asan_compiler))$(fuzz_cc_asan)
asan_compiler      = $(if $(shell echo 'int main(void) { return 0; }' | \
			$(CC) $(fuzz_san) -x c -o /dev/null - 2>/dev/null && echo can),$(CC),gcc) # clang comes without
fuzz_flags_asan   := $(fuzz_san)
fuzz_cc_libfuzzer    := $(CLANG)
fuzz_flags_libfuzzer := $(fuzz_san) -fsanitize=fuzzer-no-link
fuzz_link_libfuzzer  := -fsanitize=fuzzer
fuzz_cc_fast      := AFL_QUIET=1 $(AFL_CC)
fuzz_link_fast    := -fsanitize=fuzzer
fuzz_cc_cmplog    := AFL_QUIET=1 AFL_LLVM_CMPLOG=1 $(AFL_CC)
fuzz_link_cmplog  := -fsanitize=fuzzer
fuzz_cc_afl-asan    := AFL_QUIET=1 $(AFL_CC)
fuzz_flags_afl-asan := $(fuzz_san)
fuzz_link_afl-asan  := -fsanitize=fuzzer
fuzz_cc_given     := $(CC)
fuzz_ld_given      = $(CXX) $(CXXFLAGS) # engines are written in C++
fuzz_link_given    = $(LIB_FUZZING_ENGINE)

# $(1): engine. Its objects, its library and its programs.
define fuzz_engine
fuzz_lib_$(1) := $$(patsubst %.c,$$(BUILD)/fuzz/$(1)/obj/%.o,$$(patsubst $$(BUILD)/%,gen/%,$$(fuzz_lib_c) $$(fuzz_gen_c)))

$$(BUILD)/fuzz/$(1)/obj/gen/%.o: $$(BUILD)/%.c | $$(BUILD)/iperf-requirements.h
	@mkdir -p $$(@D)
	$$(Q)$$(fuzz_cc_$(1)) $$(cflags) $$(fuzz_flags_$(1)) -Wno-implicit-fallthrough -c -o $$@ $$<
$$(BUILD)/fuzz/$(1)/obj/%.o: %.c | $$(BUILD)/iperf-requirements.h
	@mkdir -p $$(@D)
	$$(Q)$$(fuzz_cc_$(1)) $$(cflags) $$(fuzz_flags_$(1)) -c -o $$@ $$<
$$(BUILD)/fuzz/$(1)/lib.a: $$(fuzz_lib_$(1))
	@echo "  AR $$@"
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$$(BUILD)/fuzz/$(1)/peer: $$(BUILD)/fuzz/$(1)/obj/fuzz/peer_world.o
$$(BUILD)/fuzz/$(1)/iperf3_peer: $$(BUILD)/fuzz/$(1)/obj/fuzz/iperf3_peer_world.o
$$(BUILD)/fuzz/$(1)/%: $$(BUILD)/fuzz/$(1)/obj/fuzz/%_fuzz.o $$(BUILD)/fuzz/$(1)/lib.a \
		$(if $(filter plain asan,$(1)),$$(BUILD)/fuzz/$(1)/obj/fuzz/main.o)
	@echo "  LD $$@"
	$$(Q)$$(or $$(fuzz_ld_$(1)),$$(fuzz_cc_$(1)) $$(CFLAGS)) $$(LDFLAGS) $$(fuzz_flags_$(1)) -o $$@ \
		$$(filter %.o,$$^) $$(BUILD)/fuzz/$(1)/lib.a $$(fuzz_link_$(1)) $$(shell pkg-config --libs libpcap jansson) -lm

.PHONY: fuzz-$(1)
fuzz-$(1): $$(patsubst %,$$(BUILD)/fuzz/$(1)/%,$$(fuzz_names))
endef
$(foreach engine,$(fuzz_engines),$(eval $(call fuzz_engine,$(engine))))

# What `make check` runs: fuzz/fuzz_check.sh, with libFuzzer where there is one.
fuzz_checked  = fuzz-asan $(if $(shell $(CLANG) -fsanitize=fuzzer -shared -o /dev/null -x c /dev/null 2>/dev/null && echo there),fuzz-libfuzzer)

.PHONY: fuzz fuzz-seeds fuzz-speed fuzz-teeth
fuzz_number = $(if $(shell case '$(2)' in (0* | *[!0-9]*) echo wrong ;; esac),\
		$(error $(1)=$(2): a number from 1 is expected))
fuzz_known  = $(foreach name,$(filter-out $(fuzz_names),$(FUZZ_ONLY)),\
		$(error ONLY=$(name): there is no such target; there are $(fuzz_names)))
fuzz: ## fuzz all targets, or ONLY=; TIME= seconds for each, JOBS= instances
	$(fuzz_known)$(call fuzz_number,TIME,$(FUZZ_TIME))$(call fuzz_number,JOBS,$(FUZZ_JOBS))
	$(Q).ci/deps build fuzz
	$(Q)$(MAKE) $(jobs) --no-print-directory $(foreach engine,fast cmplog afl-asan plain, \
		$(patsubst %,$(BUILD)/fuzz/$(engine)/%,$(or $(FUZZ_ONLY),$(fuzz_names))))
	$(Q)BUILD=$(BUILD) TIME=$(FUZZ_TIME) JOBS=$(FUZZ_JOBS) fuzz/fuzz.sh $(or $(FUZZ_ONLY),$(fuzz_names))

fuzz-seeds: ## make the seed corpora anew, from pcaps and cases
	$(Q).ci/deps build fuzz
	$(Q)$(MAKE) $(jobs) --no-print-directory fuzz-libfuzzer fuzz-asan
	$(Q)BUILD=$(BUILD) fuzz/seeds.sh $(fuzz_names)

fuzz-speed: fuzz-fast fuzz-plain ## executions a second of each target, on one core
	$(Q)BUILD=$(BUILD) fuzz/speed.sh $(fuzz_names)

fuzz-teeth: fuzz-libfuzzer ## plant bugs, and see that the targets find them
	$(Q)BUILD=$(BUILD) fuzz/teeth.sh

# What makes calls fail on purpose, for LD_PRELOAD: fuzz/faults_check.sh. Never with sanitizers: it takes their places.
$(BUILD)/fuzz/faults.so: fuzz/faults.c
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<
