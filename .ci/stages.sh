# The stages of .ci/run, one function each; a stage runs in a sub-shell under `set -euo pipefail`.
# shellcheck shell=bash

# Runs pytest and fails on skips other than those matching the first argument (an extended regular expression).
run_pytest() { # run_pytest ALLOWED_SKIPS PYTHON [ARGUMENT ...]
    local allowed=$1 python=$2 log
    shift 2
    log=$(mktemp "$WORK/pytest.XXXXXX")
    "$python" -m pytest -p no:cacheprovider "$@" 2>&1 | tee "$log"
    no_other_skips "$allowed" "$log"
}

no_other_skips() { # no_other_skips ALLOWED_SKIPS LOG; scikit-learn's own checks want its array API and pandas
    if grep '^SKIPPED' "$2" | grep -vE "$1|SCIPY_ARRAY_API|pandas"; then
        echo "the tests above must not be skipped here"
        return 1
    fi
}

# Tests on the shared data may be skipped only where there is no such data.
data_skips() { if [ -z "${FASTBPTS_DATA:-}" ]; then echo '|FASTBPTS_DATA'; fi; }

# The first line of README.md that contains a text; it is run literally, so that what the README promises is true.
readme_line() {
    local line
    line=$(sed -n "/$1/{s/^ *\(\$ \)\{0,1\}//;s/\`//g;p;q;}" "$REPO/README.md")
    [ -n "$line" ] || { echo "README.md has no line with '$1'" >&2 && return 1; }
    echo "$line"
}

stage_copy() {
    mkdir "$REPO"
    cd "$ROOT"
    if git ls-files --error-unmatch setup.py >/dev/null 2>&1; then
        git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$REPO"
    else
        tar --exclude=./build --exclude=./.venv --exclude='*.so' --exclude=__pycache__ -cf - . | tar -xf - -C "$REPO"
    fi
    cp -r "$REPO" "$WORK/asan" # for the stage sanitizers
    "$PYTHON" --version && gcc --version | head -1 && nproc
    echo "shared data: ${FASTBPTS_DATA:-none}"
}

stage_readme_tests() {
    cd "$REPO"
    local line
    line=$(readme_line '-m pytest')
    echo "$line"
    bash -euo pipefail -c "$line" 2>&1 | tee "$WORK/readme_pytest"
    no_other_skips "PyTorch|torch|gensim|source folder|benchmark$(data_skips)" "$WORK/readme_pytest"
}

stage_readme_demo() {
    cd "$REPO"
    local line
    line=$(readme_line 'fastbpts demo')
    echo "$line"
    bash -euo pipefail -c "$line"
}

stage_oracle() {
    cd "$REPO"
    "$BIN/pip" install -q 'torch==2.13.0' gensim # exactly this torch: the oracle that the tolerances were set with
    local files
    mapfile -t files < <(grep -rlE 'torch|gensim' tests --include='test_*.py')
    run_pytest "source folder$(data_skips)" "$BIN/python" "${files[@]}"
}

stage_lint() {
    cd "$REPO"
    "$BIN/pip" install -q -e '.[dev]'
    local status=0
    PATH=$BIN:$PATH
    ruff check . || status=1
    ruff format --check . || status=1
    cython-lint fastbpts || status=1
    lint-imports || status=1
    find src_c tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} + || status=1
    codespell || status=1
    python .ci/check_docstrings.py || status=1
    python "$ROOT/.ci/files_touched.py" || status=1
    "$ROOT/.ci/check_commits.sh" || status=1 # in the repository itself: the copy has no history
    return $status
}

stage_types() {
    cd "$REPO"
    PATH=$BIN:$PATH
    pip install -q mypy 'torch==2.13.0' # as the oracle stage does; without it its calls have no types
    mypy fastbpts
    echo fastbpts._core.__test__ >"$WORK/allowlist"
    python -m mypy.stubtest fastbpts._core --allowlist "$WORK/allowlist" --ignore-unused-allowlist
}

# sdist -> wheel from the sdist -> tests of the installed wheel, warnings as errors, no source folder in sight.
stage_wheel() {
    cd "$REPO"
    "$BIN/pip" install -q build
    local t=$SECONDS
    "$BIN/python" -m build -o "$WORK/dist" . >"$WORK/build_log" 2>&1 || { tail -50 "$WORK/build_log" && return 1; }
    echo "sdist and wheel: $((SECONDS - t)) s" && ls -l "$WORK/dist"
    "$PYTHON" -m venv "$WORK/wheel_venv"
    "$WORK/wheel_venv/bin/pip" install -q "$(echo "$WORK"/dist/*.whl)[test]"
    mkdir "$WORK/away" && cp -r tests "$WORK/away/tests" && cp pyproject.toml "$WORK/away"
    [ ! -d examples ] || cp -r examples "$WORK/away/examples"
    cd "$WORK/away"
    local files # a file of each part; stage readme_tests has run them all
    mapfile -t files < <(find tests -name 'test_*.py' | sort |
        grep -E 'test_(import|isa|cells_|cli|draw|estimator|io|language|layers|mlp|moved|old_files|pool|treebank|update|word2vec|words_f)')
    PYTHONWARNINGS=error run_pytest "torch|PyTorch|gensim|src_c|source|benchmark$(data_skips)" \
        "$WORK/wheel_venv/bin/python" "${files[@]}"
    "$PYTHON" "$REPO/.ci/check_dist.py" "$WORK/dist"
}

# One wheel for all: checked by tool, and run on every other CPython that is here.
stage_abi3() {
    "$BIN/pip" install -q abi3audit auditwheel
    "$BIN/abi3audit" --strict --verbose "$WORK"/dist/*.whl
    "$BIN/auditwheel" show "$WORK"/dist/*.whl
    local version
    for version in 3.12 3.13 3.14; do
        if ! "python$version" -c '' 2>/dev/null; then
            echo "python$version: not on this machine, skipped"
            continue
        fi
        "python$version" -m venv "$WORK/venv$version"
        "$WORK/venv$version/bin/pip" install -q "$(echo "$WORK"/dist/*.whl)[test]"
        (cd "$WORK/away" && "$WORK/venv$version/bin/python" -m pytest -q tests/kernels/test_chain.py tests/training/test_head.py tests/project/test_import.py)
    done
}

stage_import_time() { cd "$WORK" && "$WORK/wheel_venv/bin/python" "$REPO/.ci/import_time.py"; }

# All tests that run kernels, parsers and planners, with asserts, bounds checks, and the address and
# undefined-behaviour sanitizers compiled in.
stage_sanitizers() {
    cd "$WORK/asan"
    local python=$WORK/asan_venv/bin/python files requirements
    "$PYTHON" -m venv "$WORK/asan_venv"
    requirements=$("$PYTHON" -c "
import tomllib
project = tomllib.load(open('pyproject.toml', 'rb'))
needed = project['build-system']['requires'] + project['project']['dependencies']
print('\n'.join(needed + project['project']['optional-dependencies']['test']))")
    "$python" -m pip install -q -r <(echo "$requirements")
    FASTBPTS_SANITIZE=1 FASTBPTS_DEBUG=1 "$python" setup.py -q build_ext --inplace
    mapfile -t files < <(find tests -name 'test_*.py' | sort | grep -vE 'test_(cli|words_cli|demo|draw|examples|import|oracle|pool|readme)')
    # pytest hides the report of a process that dies, hence -s.
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" PYTHONPATH=$PWD \
        ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
        run_pytest "torch|PyTorch|gensim|sanitize|benchmark$(data_skips)" "$python" -s -q "${files[@]}"
}

# Which lines of C and of Python the quick tests run. The build has counters and little optimisation. Not counted: other
# instruction sets than this machine's best, the tests of fastbpts.torch, and what other stages run.
stage_coverage() {
    mkdir "$WORK/coverage"
    (cd "$REPO" && tar --exclude=./build --exclude=./.venv --exclude='*.so' -cf - .) | tar -xf - -C "$WORK/coverage"
    cd "$WORK/coverage"
    "$BIN/pip" install -q -e "$REPO[dev]" coverage
    FASTBPTS_COVERAGE=1 "$BIN/python" setup.py -q build_ext --inplace
    PYTHONPATH=$PWD "$BIN/python" -m coverage run --source fastbpts -m pytest -q -p no:cacheprovider -m "not slow" \
        --ignore tests/pytorch tests
    "$BIN/python" .ci/coverage_c.py build
    echo "coverage of Python: $("$BIN/python" -m coverage report -i --format=total 2>/dev/null) % of lines"
}

stage_pool() {
    cd "$REPO"
    local sanitizer
    for sanitizer in thread address,undefined; do
        gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -pthread "-fsanitize=$sanitizer" -fno-sanitize-recover=all \
            -Isrc_c tests/c/pool_harness.c src_c/parallel/pool.c -o "$WORK/pool_harness"
        # Threads started in a forked child are more than the thread sanitizer can follow.
        if [ $sanitizer = thread ]; then "$WORK/pool_harness" nofork; else "$WORK/pool_harness"; fi
    done
}

stage_bench() {
    cd "$REPO"
    "$BIN/pip" install -q 'pytest-benchmark>=5'
    "$BIN/python" -m pytest -q bench --benchmark-disable
    "$BIN/fastbpts" bench --rounds 1 --seconds 0.02
}

stage_docs() {
    cd "$REPO"
    "$BIN/pip" install -q -e '.[docs]'
    "$BIN/python" -m sphinx -q -W --keep-going -b html docs "$WORK/html"
    "$BIN/python" -m sphinx -q -W --keep-going -b doctest docs "$WORK/doctest"
    grep -A99 'Doctest summary' "$WORK/doctest/output.txt"
}

# Every eighth; .ci/nightly plants all of them.
stage_mutants() { cd "$REPO" && "$BIN/python" tests/mutants.py --share 8; }

# The wheel on processors of 2008 (no AVX) and 2013 (AVX2, no AVX-512): no illegal instruction, same results.
stage_qemu() {
    if ! command -v qemu-x86_64-static >/dev/null; then
        apt-get install -y -q qemu-user-static >/dev/null 2>&1 || true
    fi
    if ! command -v qemu-x86_64-static >/dev/null || [ "$(uname -m)" != x86_64 ]; then
        echo "no qemu-x86_64-static on this machine: skipped"
        return
    fi
    cd "$WORK/away"
    local cpu
    for cpu in Nehalem Haswell; do
        echo "--- $cpu"
        OPENBLAS_NUM_THREADS=1 qemu-x86_64-static -cpu $cpu "$WORK/wheel_venv/bin/python" "$REPO/.ci/old_cpu.py" $cpu
    done
}
