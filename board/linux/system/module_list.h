/* The list of kernel modules that the image was built with. */
#ifndef MODULE_LIST_H
#define MODULE_LIST_H

/* Takes the next module's path out of the list, which is cut into strings on the way: one path a
 * line, in the order of loading; blank lines and lines that begin with # say nothing. *cursor
 * begins at the text and is moved on. Returns NULL at the end. */
char *module_list_next(char **cursor);

#endif
