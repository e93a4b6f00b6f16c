/* SPDX-License-Identifier: MIT */
/*
 * pipe.h - pipes and FIFOs: a ring of pages.
 *
 * head counts buffers ever filled, tail those ever emptied; ring_size is a power of two and
 * head - tail <= ring_size. All fields are guarded by mutex.
 */
#ifndef PAGODA_PIPE_H
#define PAGODA_PIPE_H

#include <pagoda/types.h>
#include <pagoda/mutex.h>
#include <pagoda/wait.h>

struct file;
struct inode;
struct page;

#define PIPE_BUF	     4096 /* writes up to this size are not interleaved */
#define PIPE_DEF_BUFFERS     16
#define PIPE_MIN_DEF_BUFFERS 2

struct pipe_buffer {
	struct page *page;
	unsigned int offset, len; /* what is still to be read */
	unsigned int flags;	  /* PIPE_BUF_FLAG_* */
};

#define PIPE_BUF_FLAG_CAN_MERGE 0x10 /* a later write may append to the page */
#define PIPE_BUF_FLAG_PACKET	0x08 /* O_DIRECT: a read takes at most this buffer */

struct pipe_inode_info {
	struct mutex mutex;
	struct wait_queue_head rd_wait, wr_wait;
	unsigned int head, tail, ring_size;
	unsigned int readers, writers;
	unsigned int files;		   /* open files that use it; inode.i_lock */
	unsigned int r_counter, w_counter; /* opens ever, so that a FIFO's open sees its peer */
	struct page *tmp_page[2];	   /* spare pages */
	bool polled;			   /* somebody may watch for edges: tell of each write */
	struct pipe_buffer *bufs;
};

extern unsigned int pipe_max_size; /* bytes; fs.pipe-max-size */

/* fs/fifo.c, fs/pipe.c */
void pipe_init(void);
int create_pipe_files(struct file *res[2], int flags);
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg);
extern const struct file_operations pipefifo_fops;

#endif
