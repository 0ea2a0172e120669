{
  'targets': [
    {
      'target_name': 'copy',
      'sources': ['copy.c'],
      'cflags_c': ['-std=c17', '-Wall', '-Wextra', '-Werror'],
      'configurations': {'Release': {'cflags!': ['-O3'], 'cflags': ['-O2']}},
    },
  ],
}
