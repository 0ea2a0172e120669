{
  # GYP_DEFINES=platform=portable takes on Linux what other systems take. With strict=1 warnings are errors: they are to
  # us, and no reason for anybody's installation to fail.
  'variables': {'platform%': '<(OS)', 'strict%': 0},
  'targets': [
    {
      'target_name': 'optimistic_cache',
      'sources': [
        # The files of one platform are chosen below.
        '<!@(ls src/*.c | grep -v -e _linux.c -e _portable.c)',
        '<!@(ls src/addon/*.cc)',
      ],
      'include_dirs': [
        'include',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        '<!@(pkg-config --cflags-only-I libcjson 2>/dev/null | sed s/-I//g)',
      ],
      'defines': [
        'NAPI_VERSION=9',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        # A worker that is being terminated cannot throw any more; without this the process would abort.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags_c': [
        '-std=c17',
        '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow',
      ],
      'cflags_cc': ['-std=c++17'],
      'cflags': ['-fvisibility=hidden'],
      'libraries': [
        '<!@(pkg-config --libs libcjson 2>/dev/null || echo -lcjson)',
        '-lpthread',
      ],
      'conditions': [
        ['strict==1', {'cflags_c': ['-Werror']}],
        ['platform=="linux"', {'sources': ['<!@(ls src/*_linux.c)']}, {'sources': ['<!@(ls src/*_portable.c)']}],
      ],
      'configurations': {
        'Release': {
          'cflags!': ['-O3'],
          'cflags': ['-O2'],
          # Assertions are for tests: what could be wrong in a running process is an error, or empties the cache.
          'defines': ['NDEBUG'],
        },
      },
    },
  ],
}
